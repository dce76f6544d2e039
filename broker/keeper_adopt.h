/*
 * keeper_adopt - roomds from another keeper, or for it: what the service manager's store has of them.
 * Process: keeper.
 */
#ifndef KEEPER_ADOPT_H
#define KEEPER_ADOPT_H

#include "keeper_exec.h"
#include "keeper_roomd.h"

/* What another keeper had of one. */
struct keeper_roomd_left {
	int channel;
	int pidfd;
	int ledger;
	int roster;
	int place;       /* in the store */
	uint64_t number; /* that the broker which is there knows it by; 0: there is no broker */
};

/* Takes one over. All that the other keeper left is ours from now on. */
void keeper_roomds_adopt(struct keeper_roomds *roomds, const struct keeper_roomd_left *left);

/* Has the service manager hold what belongs to one, so that the next keeper finds it; or no more. */
void keeper_roomds_store(struct keeper_roomds *roomds, struct keeper_roomd *roomd);
void keeper_roomds_unstore(struct keeper_roomds *roomds, struct keeper_roomd *roomd);

/* Says again what the manager did not take. Returns when to do so once more, 0 for never. */
uint64_t keeper_roomds_store_again(struct keeper_roomds *roomds, uint64_t now_ms);

/* Is nothing on its way between the broker and them? */
bool keeper_roomds_quiet(struct keeper_roomds *roomds);

/* Lists all of them for the program that this process is about to become. */
void keeper_roomds_hand_down(struct keeper_roomds *roomds, struct keeper_exec *list);

#endif
