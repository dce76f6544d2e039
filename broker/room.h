/*
 * room - one room as the broker knows it: its name, its process, who sits in it, who waits to.
 * Process: broker.  Owns: its roomd.
 * Never:   parses or relays a signal.
 * Fails:   without a process, those who wait are told; with a lost one it is healed (heal.h).
 *
 * States: AWAITING --a warm roomd--> OPEN --EMPTY with all ADOPTs seen--> retired: freed
 *                                    OPEN --its roomd is lost--> HEALING --its heir is ready--> OPEN
 *                                                                HEALING --nobody sat in it--> AWAITING, or freed
 *                                    OPEN --lost too often--> POISONED --a minute--> freed
 *         of another broker's: COUNTING --COUNTED--> OPEN          (census.h)
 */
#ifndef ROOM_H
#define ROOM_H

#include "client.h"
#include "heal.h"
#include "ipc.h"
#include "roomd.h"

struct room {
	RB_ENTRY(room) registry_link;
	TAILQ_ENTRY(room) pool_link;
	struct broker *broker;
	uint64_t number; /* never reused */
	uint64_t opened_ms;
	struct name id;
	struct ipc_open limits; /* those of the settings when it was opened */
	bool awaits_roomd;
	bool foreign;        /* of another version: nobody can join (foreign.h) */
	bool inherited;      /* opened by another broker */
	bool counting;       /* COUNTED has not come yet */
	bool census_due;     /* CENSUS is still to be sent ... */
	uint32_t census;     /* ... under this number */
	bool vacant;         /* its roomd has nobody, and we have sent it nobody since */
	bool traced;         /* its roomd tells of signals */
	unsigned members;    /* waiting (but for those who claim a seat), or seated and not LEFT */
	struct roomd *roomd; /* NULL: AWAITING, HEALING or POISONED */
	struct heal heal;
	struct client_list waiting;   /* joins that were accepted and not sent on yet */
	struct client_list reseating; /* clients that its heir does not have yet */
	struct client_list seated;    /* clients that its roomd has, or keeps a seat for */
	uint64_t sent;                /* ADOPTs to this roomd */
	struct room_traffic traffic;  /* while it is vacant: all that its roomd has relayed */
	struct timer timer;           /* to try again when too many descriptors are in flight; or COUNTED is due */
};

/* Makes the room of that name, which must not be there. NULL: no memory. */
struct room *room_new(struct broker *broker, const struct name *id, const struct ipc_open *limits);

/* Lets a client of the lobby join the room of that name, which is made if absent: the client is WAITING then, and the
 * caller calls room_seat() when it has put its input in order. Or sets *ret_complaint. */
void room_join(struct client *client, const struct name *id, const struct name *sender,
	       struct complaint *ret_complaint);

/* Puts a client of the lobby that wants a seat of the room back among those who wait. */
void room_enter(struct room *room, struct client *client);

/* Sends to the roomd all who wait, as far as there is one and its channel takes them. */
void room_seat(struct room *room);

/* A client that waits or sits in the room has ended otherwise. */
void room_forget(struct room *room, struct client *client);

/* From the pool: the roomd that was waited for, or none. */
void room_on_roomd(struct room *room, struct roomd *roomd);
void room_on_no_roomd(struct room *room);

/* From its roomd: a message. Returns -EPROTO if it can't be true. The room may be gone after this. */
int room_on_message(struct room *room, const struct ipc_message *message);

/* The client is not the room's any more. */
void room_leave(struct room *room, struct client *client);

/* Moves a client of the room to another of the room's lists. */
void room_move(struct room *room, struct client *client, struct client_list *list);

/* A client that was on its way to a seat waits again, before all others. */
void room_wait_first(struct room *room, struct client *client);

/* Who the roomd means by this number; NULL: nobody whom it has. */
struct client *room_find_seated(struct room *room, uint64_t number);

/* Ends the room if its roomd has nobody and nobody waits for it. */
void room_end_if_vacant(struct room *room);

/* Nobody sits in the room, and it has no roomd: gets one if somebody waits, else ends. */
void room_begin_or_end(struct room *room);

void room_free(struct room *room);

#endif
