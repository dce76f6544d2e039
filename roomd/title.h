/*
 * title - what ps shows of a zygote or a room: its state, never a name.
 * Process: zygote, roomd.
 * Never:   allocates, or has a library for it: what it would take of memory, it would take in every room.
 */
#ifndef TITLE_H
#define TITLE_H

#include <stdbool.h>
#include <stddef.h>

/* The title goes where the arguments are, of which the keeper makes enough; call it first in main(). */
void title_init(int argc, char *argv[]);

/* Has the kernel take `place`, which is never given back, for where the arguments are (prctl(2): PR_SET_MM_MAP).
 * Returns false, and changes nothing, if it won't: it was built without that. */
bool title_move(char *place, size_t size);

/* Shows the text, as much of it as goes there. Makes no system call. */
void title_set(const char *text);

#endif
