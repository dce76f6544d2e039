/*
 * queue - the frames that a seat is still owed.
 * Process: roomd.  Works on the ledger alone: no I/O.
 * Never:   grows past queue_bytes_max, but for a single message; forgets where a frame begins.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <sys/uio.h>

#include "ledger.h"

/* Appends one frame made of `parts`. Returns 0; or -ENOBUFS, and appends nothing, if more than queue_bytes_max would
 * wait. */
int queue_append(struct ledger *ledger, unsigned seat, enum ws_opcode opcode, const struct iovec *parts,
		 int part_count);

/* Appends a close frame, for which there is always place. */
void queue_append_close(struct ledger *ledger, unsigned seat, uint16_t code, const char *why);

/* Gives the frame of which a part has been written, and only that, to the empty queue of another seat. */
void queue_copy_begun(struct ledger *ledger, unsigned seat, unsigned other);

/* Drops the frames of which not a byte has been written. */
void queue_drop_unbegun(struct ledger *ledger, unsigned seat);

/* All is written: begins again at the front. */
void queue_reset(struct ledger *ledger, unsigned seat);

#endif
