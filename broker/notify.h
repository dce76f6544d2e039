/*
 * notify - tells the service manager how we are (sd_notify(3), spoken by hand: it is one datagram).
 * Process: keeper.  Owns: the socket to the manager.
 * Never:   blocks; needs a manager. Without one every call does nothing.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd;                /* -1: nobody wants to know */
	uint64_t watchdog_ms;  /* how often the manager wants a sign of life from us; 0: never */
	uint64_t next_sign_ms; /* when the next is due; 0: not */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. After closing the descriptors that are not ours. */
void notify_init(struct notify *notify);

/* Does anybody listen? Then the manager keeps what we print, and wants no greeting. */
bool notify_on(const struct notify *notify);

/* Says `state`, lines of VARIABLE=value as sd_notify(3) has them, with descriptor fd unless it is -1. Returns 0 or
 * -errno. */
int notify_say(const struct notify *notify, const char *state, int fd);

/* The same with fds[0..count), of which there may be NOTIFY_FDS_MAX. */
#define NOTIFY_FDS_MAX 4
int notify_store(const struct notify *notify, const char *state, const int *fds, unsigned count);

/* Gives the sign of life if it is due. Returns when to call again, 0 for never. */
uint64_t notify_alive(struct notify *notify, uint64_t now_ms);

#endif
