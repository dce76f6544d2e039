/*
 * notify - tells the service manager how we are (sd_notify(3), spoken by hand: it is one datagram).
 * Process: keeper.  Owns: the socket to the manager.
 * Never:   blocks; needs a manager. Without one every call does nothing.
 * Fails:   a manager that takes nothing at the moment is told a little later (or it would wait for READY for ever).
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* How soon the manager is told again what it did not take. */
#define NOTIFY_AGAIN_MS 50

enum notify_news { NOTIFY_NOTHING, NOTIFY_READY, NOTIFY_STOPPING };

struct notify {
	int fd;                /* -1: nobody wants to know */
	uint64_t watchdog_ms;  /* how often the manager wants a sign of life from us; 0: never */
	uint64_t next_sign_ms; /* when the next is due; 0: not */
	enum notify_news news; /* still to be told */
	const char *status;    /* the same; NULL: all is told */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. After closing the descriptors that are not ours. */
void notify_init(struct notify *notify);

/* Does anybody listen? Then the manager keeps what we print, and wants no greeting. */
bool notify_on(const struct notify *notify);

/* Is there something that it was not told yet? */
bool notify_is_due(const struct notify *notify);

/* Says what is new, if anything, and how we are now: a text which stays as it is, and in whose stead the next may be
 * told. */
void notify_say(struct notify *notify, enum notify_news news, const char *status);

/* Says `state`, lines of VARIABLE=value as sd_notify(3) has them, with fds[0..count), of which there may be
 * NOTIFY_FDS_MAX. Returns 0 or -errno; -EAGAIN: the manager takes nothing at the moment. */
#define NOTIFY_FDS_MAX 4
int notify_store(const struct notify *notify, const char *state, const int *fds, unsigned count);

/* Gives the sign of life if it is due, and says again what was not taken. Returns when to call again, 0 for never. */
uint64_t notify_tick(struct notify *notify, uint64_t now_ms);

#endif
