/*
 * keeper_succession - brokers come and go: which of them has the rooms, what becomes of them when it dies, and how
 * another takes over from one that serves.
 * Process: keeper.
 */
#ifndef KEEPER_SUCCESSION_H
#define KEEPER_SUCCESSION_H

#include <signal.h>

#include "keeper_core.h"

/* Starts a broker. Returns 0 or -errno. */
int succession_start(struct keeper *keeper);

/* Goes on with the broker that this process had before it became this program; -1: there is none, start one. Returns 0
 * or -errno. */
int succession_inherit(struct keeper *keeper, pid_t pid, int channel);

/* Serves a broker's channel. */
void succession_on_broker(struct keeper *keeper, struct keeper_broker *broker);

/* Its process has ended. */
void succession_on_died(struct keeper *keeper, struct keeper_broker *broker, const siginfo_t *info);

/* Does what an operator asked for by SIGHUP, if it is possible now. */
void succession_reload(struct keeper *keeper);

/* Starts or ends what is due. Returns when something else is; 0: nothing. */
uint64_t succession_tick(struct keeper *keeper, uint64_t now_ms);

#endif
