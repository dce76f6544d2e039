/*
 * zygote - makes roomds: a process of this program that has no room and no client, and forks a warm roomd whenever the
 * keeper asks for one. A fork costs a fraction of an exec, in time and in memory (tests/bench); what it costs is that
 * the roomds of one zygote have one address-space layout. So the keeper takes another zygote after LIMIT_ZYGOTE_ROOMDS,
 * and as soon as one of its roomds crashes: who guesses wrong guesses anew.
 * Process: zygote, from which the process comes back as a roomd.
 * Never:   reads a byte that came from a network.
 * Fails:   a roomd that can't be forked is answered with its errno; a channel that ends, or says what is not in the
 *          table, ends the zygote.
 */
#ifndef ZYGOTE_H
#define ZYGOTE_H

/* Serves the keeper until its channel ends. In each roomd it returns too: 0, and the roomd's channel lies at
 * ROOMD_FD_CHANNEL, the keeper's is closed. In the zygote it returns -errno, -EPIPE at a channel's end. */
int zygote_serve(void);

#endif
