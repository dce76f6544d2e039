/*
 * control_path - where the control socket is, when nobody has said where.
 * Process: keeper (makes it), roomctl (looks for it).
 *
 *     a service of systemd      $RUNTIME_DIRECTORY/control.sock
 *     started as root           /run/video-signaling/control.sock
 *     by a user in a session    $XDG_RUNTIME_DIR/video-signaling/control.sock
 *     else                      /tmp/video-signaling-UID/control.sock, in a directory that only this user can enter
 */
#ifndef CONTROL_PATH_H
#define CONTROL_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* As long as a Unix socket's name can be, with its NUL (unix(7)). */
#define CONTROL_PATH_BYTES 108

#define CONTROL_FILE "control.sock"

/* Where a server that is started here and now has it: the directory, without a slash at its end. Returns false if that
 * is too long for a socket. */
bool control_path_directory(char directory[CONTROL_PATH_BYTES]);

/* Joins both. Returns false if that is too long. */
bool control_path_join(char path[CONTROL_PATH_BYTES], const char *directory, const char *file);

/* The i-th place where roomctl looks, from 0; false: there are no more. */
bool control_path_candidate(unsigned i, char path[CONTROL_PATH_BYTES]);

#endif
