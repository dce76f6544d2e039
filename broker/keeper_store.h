/*
 * keeper_store - what outlives the keeper: the service manager's descriptor store (sd_notify(3), FDSTORE=1). Whoever is
 * the keeper next finds there each room's channel, pidfd, ledger and roster, what brokers hand on, and the pidfd of the
 * last broker.
 * Process: keeper.
 * Never:   blocks: what the manager does not take now is said again.
 * Fails:   rooms beyond STORE_ROOMS_MAX, or what the store holds, are not stored: they end with the keeper.
 */
#ifndef KEEPER_STORE_H
#define KEEPER_STORE_H

#include "notify.h"
#include "passed.h"

/* Names of what is stored must fit into one variable of the next keeper's environment (128 KiB, execve(2)): of each
 * room there are four descriptors with one name. */
#define STORE_ROOMS_MAX 6400
#define STORE_ROOM_FDS 4
#define STORE_NAME_BYTES 6 /* with its NUL; a prefix and three digits, and two more for what is not stored */

/* What is not a room's. */
#define STORE_MEMORY "+.m"
#define STORE_BROKER "+.b"

/* One of them: what of it the manager is still to be told. */
struct keeper_store_single {
	const char *name;
	bool remove_due; /* what was there before goes ... */
	int fd;          /* ... and this, which is ours, is stored in its stead; -1: nothing */
};
#define STORE_SINGLES 2

struct keeper_store {
	const struct notify *notify;
	bool on;                        /* there is a store */
	unsigned places;                /* for rooms: as many as it holds, STORE_ROOMS_MAX at most */
	bool warned;                    /* that it is full */
	bool used[STORE_ROOMS_MAX];     /* a room has that place */
	bool removing[STORE_ROOMS_MAX]; /* the manager is still to be told that it has none any more */
	unsigned removals_due;
	unsigned next;
	struct keeper_store_single singles[STORE_SINGLES];
	uint64_t again_ms; /* when the manager is to be told again what it did not take; 0: it took all */
};

/* Looks whether the manager says that it has one (FDSTORE in the environment). */
void keeper_store_init(struct keeper_store *store, const struct notify *notify);

/* Takes a free place for a room, or -1 if there is none. */
int keeper_store_take(struct keeper_store *store);

/* A room is known to be in that place already. */
void keeper_store_know(struct keeper_store *store, int place);

/* Stores a room's descriptors in its place. Returns false if it is to be called once more, at again_ms: the manager
 * takes nothing, or is still to be told of a removal, which may be of the same descriptors under another name. */
bool keeper_store_put(struct keeper_store *store, int place, const int fds[STORE_ROOM_FDS]);

/* Takes them out again, now or a little later. place -1: does nothing. */
void keeper_store_remove(struct keeper_store *store, int place);

/* Stores one descriptor, which stays the caller's, in the stead of what was stored by that name (one of those above),
 * now or a little later; -1: nothing. */
void keeper_store_replace(struct keeper_store *store, const char *name, int fd);

/* At again_ms: says again what the manager did not take, but for what keeper_store_put() is called for. */
void keeper_store_settle(struct keeper_store *store);

/* Has the manager taken all that was said? */
static inline bool keeper_store_settled(const struct keeper_store *store)
{
	return store->again_ms == 0;
}

/* The name of what is in the place, and back: -1 if it is none of ours. */
void keeper_store_name(int place, char name[STORE_NAME_BYTES + 1]);
int keeper_store_place(const char *name);

#endif
