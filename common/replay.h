/*
 * replay - the messages that a member was sent and has not confirmed, numbered, so that they can be sent once more.
 * Process: roomd.  Works on the ledger alone: no I/O.
 * Never:   holds a pointer; keeps more than LIMIT_REPLAY_MESSAGES or LIMIT_REPLAY_BYTES.
 *
 * Messages lie one behind the other in a ring of bytes. Each change becomes true by one store at its end, so that
 * whoever is killed in the middle has done all of it or nothing.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "limits.h"

struct replay {
	uint64_t first; /* the number of the oldest that is kept */
	uint64_t next;  /* the number that the next will have; all from `first` on are kept */
	struct {
		uint64_t at; /* its first byte, counted since the ring was last empty */
		uint64_t length;
	} messages[LIMIT_REPLAY_MESSAGES]; /* number n is at n % LIMIT_REPLAY_MESSAGES */
	uint8_t bytes[LIMIT_REPLAY_BYTES];
};

/* Begins: nothing is kept, and the first message will be number 1. */
void replay_init(struct replay *r);

/* Can what is in it be true? All that follows is safe only if it can. */
bool replay_is_sane(const struct replay *r);

/* Is there place for one more message of `length` bytes beside those that are kept? */
bool replay_fits(const struct replay *r, size_t length);

/* Keeps one more message, made of `parts`; it must fit. Its number is r->next as it was before. */
void replay_append(struct replay *r, const struct iovec *parts, int part_count);

/* Counts a message that is not kept, nor any before it. */
void replay_skip(struct replay *r);

/* Forgets all up to number `seq`. */
void replay_drop(struct replay *r, uint64_t seq);

/* Are all behind number `seq`, which may be the last, still there? */
bool replay_has_after(const struct replay *r, uint64_t seq);

/* Sets ret[] to where message number `seq`, which must be kept, lies. Returns how many pieces it is in. */
int replay_read(struct replay *r, uint64_t seq, struct iovec ret[2]);

#endif
