/*
 * roster - who is in a room, as the broker knows it, in a memory file of the room's own: so that the next broker knows
 * it too. Process: broker (alone writes it), keeper (makes the file, and holds it beside the room's channel).
 * Never:   seen by a roomd: a room can't claim another's name, or anybody who is not in it.
 *
 * Whoever is sent to the room (ADOPT) stands in it before that, and until the connection has left the room. What a new
 * broker hears from the roomd may only confirm it: whoever stands here and does not sit there is gone.
 *
 * When its room has ended, a roster is wiped, and a spare one: mapped as it is, it waits for the next room.
 */
#ifndef ROSTER_H
#define ROSTER_H

#include <stddef.h>

#include "ipc_messages.h"
#include "peer.h"
#include "resume.h"
#include "token.h"

/* Raised with every change of the layout behind `room_id`. */
#ifndef ROSTER_VERSION
#define ROSTER_VERSION 1
#endif

struct roster_entry {
	uint64_t client; /* the broker's number for it; 0: the entry is free */
	struct client_id id;
	struct name sender;
	struct name bound_room; /* named in the path of its connection; absent if none was */
	struct peer peer;       /* whence it came: what its connection is counted against */
	struct token token;     /* that came with its request; expires_s is 0 if none did */
	uint64_t expires_ms;    /* when its session ends; 0: never */
	uint64_t since_us;      /* it was accepted ... */
	uint64_t joined_ms;     /* ... and joined */
	struct resume_kept resume;
};

struct roster {
	/* These never move. */
	uint32_t version;
	uint32_t open; /* 0: it is no room yet, or none any more */
	struct name room_id;

	uint64_t number; /* of the room, in the broker's count */
	uint64_t opened_ms;
	struct ipc_open limits; /* under which it was opened */
	struct roster_entry entries[];
};

/* Twice as many as may be members: who leaves, or says goodbye, stands here until the connection is gone. */
static inline unsigned roster_entries(const struct ipc_open *limits)
{
	return 2 * limits->max_members;
}

/* The size of the file for rooms of this kind, in bytes. */
static inline size_t roster_size(const struct ipc_open *limits)
{
	return sizeof(struct roster) + roster_entries(limits) * sizeof(struct roster_entry);
}

struct roster_spare {
	uint64_t number; /* the keeper's for it */
	struct roster *at;
	size_t bytes; /* mapped */
};

struct roster_spares {
	struct roster_spare of[LIMIT_SPARE_ROSTERS];
	unsigned count;
};

struct client;
struct room;
struct roomd;

/* The room is about to be opened: notes what it is. */
void roster_open(struct room *room);

/* The roomd is about to be let go, and its room may begin anew in another: notes that this one is none any more. */
void roster_close(struct roomd *roomd);

/* The same of a room that has ended, and nobody is in it. Returns whether the roster, wiped, is a spare one now and not
 * the roomd's any more: if it is small, and this broker knows all that was ever in it. */
bool roster_keep(struct roster_spares *spares, struct roomd *roomd);

/* Takes the spare roster of that number. `at` is NULL if there is none. */
struct roster_spare roster_take(struct roster_spares *spares, uint64_t number);

/* The client is about to be sent to the room's roomd: notes who it is. */
void roster_enter(struct room *room, struct client *client);

/* What is kept of its resuming has changed. */
void roster_note_resume(const struct client *client);

/* The client is not the room's any more. */
void roster_leave(struct room *room, struct client *client);

/* The room goes on in an heir: forgets whoever has left while it had no roomd. */
void roster_prune(struct room *room);

/* Is the mapped file of `size` bytes one that this version can read, of a room that was opened? */
bool roster_is_readable(const struct roster *roster, size_t size);

#endif
