/*
 * room - one room: who sits in it, what is said in it, what the broker is told of it.
 * Process: roomd.  Owns: the ledger's mapping, the channel, the alarm, the members' sockets.
 * Never:   serves a second room; blocks; allocates.
 * Fails:   the channel's end ends the room: members are closed with 1001, then the process exits.
 *
 * States (the channel's): WARM --OPEN--> OPEN --RETIRE--> RETIRED: exit
 *                                        OPEN --end of channel--> closing everyone, then exit
 */
#ifndef ROOM_H
#define ROOM_H

#include <signal.h>
#include <stdbool.h>
#include <sys/uio.h>

#include "alarm.h"
#include "ipc.h"
#include "ledger.h"

#define TITLE_BYTES 32

/* Of a seat: what is this process's alone. */
struct room_socket {
	int fd;
	uint32_t interest; /* epoll events asked for */
	bool dirty;        /* something to write at the end of the turn */
	bool untold;       /* the others are still to be told what has become of who sits here */
	bool known;        /* an heir's: the broker knows who sits there ... */
	bool lost;         /* ... or does not: the connection is lost, and that is still to be told */
};

struct room {
	int channel;
	int epoll;
	struct alarm alarm;
	volatile sig_atomic_t turn; /* enum watchdog_mark */
	enum ipc_state state;
	bool orphaned;     /* the channel has ended: no report reaches anyone */
	bool channel_full; /* a report waits for room in it */
	bool said_empty;   /* EMPTY was sent since the last change */
	bool counting;     /* a new broker wants to know who sits here: those below `counted` were named */
	unsigned counted;
	uint32_t census;      /* the number under which it asked */
	uint64_t retry_ms;    /* too many descriptors are on their way: when to try again; 0: they are not */
	bool reports;         /* some seat has something for the broker */
	unsigned seats;       /* in the ledger; 0 while warm */
	unsigned members;     /* seats TAKEN or SUSPENDED */
	unsigned used;        /* seats not FREE */
	unsigned reseats_due; /* an heir's: RESEATs still to come */
	bool numbered;        /* the message in work has a number, and its sender may resume */
	bool occupied;        /* somebody has sat here */
	bool telling;         /* of one of those */
	bool traced;          /* the broker wants to be told of signals */
	unsigned shown;       /* one more than the members that the process's title tells of; 0: it tells of none yet */
	uint64_t now_ms;      /* of this turn */
	struct ledger *ledger;
	size_t ledger_size;
	struct {
		uint64_t client; /* whose ADOPT comes next, and for whom servers have come (session.c); 0: nobody */
		size_t length;
	} servers;
	struct room_socket *sockets; /* LIMIT_SEATS_CEILING of them, elsewhere: the inbox begins on this page */
	char title[TITLE_BYTES];     /* what ps shows */
	struct ipc_inbox inbox;      /* what has come over the channel */
};

/* Of an event: the channel, or the alarm. Below are the seats. */
#define ROOM_EVENT_CHANNEL LIMIT_SEATS_CEILING
#define ROOM_EVENT_ALARM (LIMIT_SEATS_CEILING + 1)

/* Makes `room`, all of it zero, a warm one with the channel, an epoll set and a mapped ledger of ledger_size bytes; its
 * sockets, all zero too, are still to be given to it. Returns 0 or -errno. */
int room_init(struct room *room, int channel, int epoll, struct ledger *ledger, size_t ledger_size);

/* Serves the channel: one message, OPEN, ADOPT, RETIRE or another, or its end. Whether there is one more, epoll tells:
 * an EAGAIN would be written to a page that no room needs else. Returns false when the process is to exit. */
bool room_on_channel(struct room *room);

/* Serves one member's socket; `events` are epoll's. */
void room_on_socket(struct room *room, unsigned seat, uint32_t events);

/* Ends a turn: writes what was queued, tells the broker what happened, sees to timers. Returns false when the process
 * is to exit, else *ret_next_ms is when the next turn is due at the latest (UINT64_MAX: when something comes). */
bool room_end_turn(struct room *room, uint64_t *ret_next_ms);

/* Finds a seat to sit in. There are twice as many as members, so if all are in use one is only being polite. */
unsigned room_free_seat(struct room *room);

/* The broker has opened the room, or an heir's again. */
void room_open(struct room *room, const struct ipc_open *open);

#endif
