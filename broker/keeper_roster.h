/*
 * keeper_roster - the files of rosters (roster.h): new ones, and those that wait for another room.
 * Process: keeper.  Owns: the spare ones.
 *
 * A roster that the broker has no use for any more, and keeps mapped, is a spare one: the next room has it. To make one
 * and to give it up is a fifteenth of what a room costs.
 */
#ifndef KEEPER_ROSTER_H
#define KEEPER_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"

struct keeper_roster {
	int file; /* -1: none */
	uint64_t number;
	bool known; /* to the broker, which has it mapped under this number */
};

struct keeper_rosters {
	size_t bytes;         /* of a new one */
	uint64_t last_number; /* that was given to one */
	struct keeper_roster spares[LIMIT_SPARE_ROSTERS];
	unsigned spare_count;
};

/* A spare one, or a new one; -errno instead of its file if there is neither. It is the caller's. */
struct keeper_roster keeper_rosters_take(struct keeper_rosters *rosters);

/* Gives one back (whose file may be -errno): a spare one, if it is known, or closed. */
void keeper_rosters_put(struct keeper_rosters *rosters, const struct keeper_roster *roster);

/* Closes the spare ones: there is no broker any more that knows them, or new ones are of another kind. */
void keeper_rosters_drop(struct keeper_rosters *rosters);

#endif
