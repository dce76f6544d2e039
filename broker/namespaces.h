/*
 * namespaces - which kinds of namespaces the system would let our processes make. We make none (roomd/sandbox_linux.c
 * says why); an operator may want to know what a unit or a container leaves possible to whoever broke out of a sandbox.
 * Process: broker, before it is locked in.
 * Fails:   then none is said to be possible.
 */
#ifndef NAMESPACES_H
#define NAMESPACES_H

#include <stdint.h>

#define NAMESPACES_KINDS 8

/* Tries in a child. Returns a bit for each kind that can be made. */
uint32_t namespaces_probe(void);

/* The name of the kind of that bit, as in /proc/self/ns. */
const char *namespaces_name(unsigned bit);

#endif
