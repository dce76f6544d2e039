/*
 * zygote - makes roomds: a process of this program that has no room and no client, and forks a warm roomd whenever the
 * keeper asks for one. A fork costs a fraction of an exec, in time and in memory (tests/bench); what it costs is that
 * the roomds of one zygote have one address-space layout. So the keeper takes another zygote after LIMIT_ZYGOTE_ROOMDS,
 * and as soon as one of its roomds crashes: who guesses wrong guesses anew.
 * Process: zygote.
 * Never:   reads a byte that came from a network.
 * Fails:   a roomd that can't be forked is answered with its errno; a channel that ends, or says what is not in the
 *          table, ends the zygote.
 */
#ifndef ZYGOTE_H
#define ZYGOTE_H

#include "ipc.h"

/* How a roomd begins. */
struct zygote_roomd {
	/* Never returns; the roomd's channel lies at ROOMD_FD_CHANNEL, the keeper's is closed. */
	int (*begin)(void *argument);
	void *argument;  /* not on the zygote's stack */
	void *stack_end; /* its stack grows down from here, and is the zygote's own memory */
};

/* Makes an inbox that no roomd has: whatever the zygote writes on after a fork would have to be copied first, page by
 * page. Returns NULL (and errno) if there is no memory. */
struct ipc_inbox *zygote_inbox(void);

/* Serves the keeper until its channel ends. Returns -errno, -EPIPE at the channel's end. */
int zygote_serve(const struct zygote_roomd *roomd, struct ipc_inbox *inbox);

#endif
