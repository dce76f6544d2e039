/*
 * log_journal - the journal's own socket (systemd's Native Journal Protocol): an event with its fields.
 * Process: keeper, broker.  Owns: the socket, from log_journal_open() on, for good.
 * Never:   blocks.
 */
#ifndef LOG_JOURNAL_H
#define LOG_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Connects; a second time it does nothing. Before the sandbox. Returns whether there is such a socket. */
bool log_journal_open(const char *path);

/* Sends one event: "6", "broker", "joined", `room=...`. Returns whether the journal took it. */
bool log_journal_send(char priority, const char *process, const char *event, const char *details, size_t n);

#endif
