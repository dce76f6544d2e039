/* replay - the messages that a member was sent and has not confirmed. */
#include <assert.h>
#include <string.h>

#include "replay.h"

/* The end of a process keeps the order of its stores: only the compiler has to be told. */
static void store(uint64_t *at, uint64_t value)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*(volatile uint64_t *)at = value;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static unsigned slot_of(uint64_t seq)
{
	return (unsigned)(seq % LIMIT_REPLAY_MESSAGES);
}

void replay_init(struct replay *r)
{
	r->first = r->next = 1;
}

bool replay_is_sane(const struct replay *r)
{
	uint64_t kept = r->next - r->first;
	uint64_t used = 0;

	if (r->first < 1 || r->next < r->first || kept > LIMIT_REPLAY_MESSAGES)
		return false;
	for (uint64_t seq = r->first; seq < r->next; seq++) {
		uint64_t length = r->messages[slot_of(seq)].length;
		if (length > LIMIT_REPLAY_BYTES - used ||
		    r->messages[slot_of(seq)].at != r->messages[slot_of(r->first)].at + used)
			return false;
		used += length;
	}
	return true;
}

/* One behind the last byte that is kept. An empty ring begins at the front again, so that little memory is touched by
 * who confirms what it gets. */
static uint64_t end_of(const struct replay *r)
{
	unsigned last = slot_of(r->next - 1);

	return r->next == r->first ? 0 : r->messages[last].at + r->messages[last].length;
}

bool replay_fits(const struct replay *r, size_t length)
{
	uint64_t used = r->next == r->first ? 0 : end_of(r) - r->messages[slot_of(r->first)].at;

	return r->next - r->first < LIMIT_REPLAY_MESSAGES && length <= LIMIT_REPLAY_BYTES - used;
}

static void put(struct replay *r, uint64_t at, const uint8_t *from, size_t n)
{
	size_t offset = (size_t)(at % LIMIT_REPLAY_BYTES);
	size_t before_wrap = n < LIMIT_REPLAY_BYTES - offset ? n : LIMIT_REPLAY_BYTES - offset;

	memcpy(r->bytes + offset, from, before_wrap);
	memcpy(r->bytes, from + before_wrap, n - before_wrap);
}

void replay_append(struct replay *r, const struct iovec *parts, int part_count)
{
	uint64_t begin = end_of(r);
	uint64_t at = begin;

	for (int i = 0; i < part_count; i++) {
		if (parts[i].iov_len > 0)
			put(r, at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	r->messages[slot_of(r->next)].at = begin;
	r->messages[slot_of(r->next)].length = at - begin;
	store(&r->next, r->next + 1);
}

void replay_skip(struct replay *r)
{
	replay_drop(r, r->next - 1);
	/* In the moment between the two, it looks like one message of no bytes. */
	r->messages[slot_of(r->next)].at = r->messages[slot_of(r->next)].length = 0;
	store(&r->next, r->next + 1);
	store(&r->first, r->next);
}

void replay_drop(struct replay *r, uint64_t seq)
{
	if (seq >= r->next)
		seq = r->next - 1;
	if (seq >= r->first)
		store(&r->first, seq + 1);
}

bool replay_has_after(const struct replay *r, uint64_t seq)
{
	return seq < r->next && seq + 1 >= r->first;
}

int replay_read(struct replay *r, uint64_t seq, struct iovec ret[2])
{
	assert(seq >= r->first && seq < r->next);
	size_t offset = (size_t)(r->messages[slot_of(seq)].at % LIMIT_REPLAY_BYTES);
	size_t length = (size_t)r->messages[slot_of(seq)].length;

	ret[0] = (struct iovec){r->bytes + offset, length};
	if (length <= LIMIT_REPLAY_BYTES - offset)
		return 1;
	ret[0].iov_len = LIMIT_REPLAY_BYTES - offset;
	ret[1] = (struct iovec){r->bytes, length - ret[0].iov_len};
	return 2;
}
