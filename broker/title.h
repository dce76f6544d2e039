/*
 * title - what ps shows of a process: its state, never a name.
 * Process: keeper, broker.
 */
#ifndef TITLE_H
#define TITLE_H

/* Remembers where the title goes; call it first in main(), while argv and the environment are as they came. */
void title_init(int argc, char *argv[], char *envp[]);

/* Shows the text. Makes no system call. */
void title_set(const char *text);

#endif
