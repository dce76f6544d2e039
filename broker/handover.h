/*
 * handover - the lobby goes from one broker to the next, when that takes over while both run.
 * Process: broker (both).  Owns: the channel between them.
 * Never:   loses a client that is on its way to a room: those are let in first.
 * Fails:   what can't be handed over in time is closed.
 *
 * States: IDLE --HANDOVER from the keeper--> GIVING --all are gone, HANDED_OVER to the keeper--> DONE
 *         IDLE --SUCCEED from the keeper--> TAKING --end of the channel--> DONE
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <stdbool.h>

#include "loop.h"

/* How long clients that are on their way to a room are waited for. */
#define HANDOVER_MS_MAX 1000

enum handover_state { HANDOVER_IDLE, HANDOVER_GIVING, HANDOVER_TAKING, HANDOVER_DONE, HANDOVER_STATES };

struct broker;

struct handover {
	struct source channel;
	struct broker *broker;
	enum handover_state state;
	struct timer timer; /* GIVING: to look again */
	uint64_t until_ms;
};

void handover_init(struct handover *handover, struct broker *broker);

/* From the keeper: give, or take, the lobby over this channel, which is ours from now on. */
void handover_give(struct handover *handover, int channel);
void handover_take(struct handover *handover, int channel);

/* We serve from now on: so are the clients that were taken. */
void handover_serve(struct handover *handover);

#endif
