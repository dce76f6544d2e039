/*
 * report - what the broker is told: of a seat, of all seats in a census, that nobody is left.
 * Process: roomd.
 * Fails:   -EAGAIN while the channel is full: what was not said is said later.
 */
#ifndef REPORT_H
#define REPORT_H

#include "room.h"

/* Tells the broker what it does not know yet of the seat (RESUMED, SUSPENDED, LEFT, RETURN, CLOSED, NOT_RESUMED), in
 * this order; frees a seat that is done with. Returns 0, or -EAGAIN if the channel is full. */
int report_seat(struct room *room, unsigned seat);

/* Ends a turn: says to the broker all that is to be said, as far as the channel takes it. */
void report_all(struct room *room);

#endif
