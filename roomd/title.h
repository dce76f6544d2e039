/*
 * title - what ps shows of a zygote or a room: its state, never a name.
 * Process: zygote, roomd.
 * Never:   allocates, or has a library for it: what it would take of memory, it would take in every room.
 */
#ifndef TITLE_H
#define TITLE_H

/* The title goes where the arguments are, of which the keeper makes enough; call it first in main(). */
void title_init(int argc, char *argv[]);

/* Shows the text, as much of it as goes there. Makes no system call. */
void title_set(const char *text);

#endif
