/* queue - the frames that a seat is still owed. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "queue.h"

/* Where the frame that begins at byte `at` of the queue ends. */
static uint32_t frame_end(struct ledger *ledger, unsigned seat, uint32_t at)
{
	const struct seat *s = &ledger->seats[seat];
	struct ws_header header;
	int whole = ws_header_read(ledger_queue(ledger, seat) + at, s->owed_end - at, &header);

	assert(whole == 1);
	return at + header.size + (uint32_t)header.length;
}

/* Moves the boundary up to the first frame that is not yet wholly written. */
static void find_boundary(struct ledger *ledger, unsigned seat)
{
	struct seat *s = &ledger->seats[seat];

	while (s->owed_boundary < s->owed_at) {
		uint32_t end = frame_end(ledger, seat, s->owed_boundary);
		if (end > s->owed_at)
			return;
		s->owed_boundary = end;
	}
}

/* Has the queue begin with the first frame that is not wholly written, and lie where `need` more bytes fit. */
static void move(struct ledger *ledger, unsigned seat, size_t need)
{
	struct seat *s = &ledger->seats[seat];
	const uint8_t *from = ledger_queue(ledger, seat) + s->owed_boundary;
	uint32_t kept = s->owed_end - s->owed_boundary;

	ledger_mark(&ledger->moving, seat + 1);
	s->spilled |= kept + need > SEAT_QUEUE_BYTES;
	memmove(ledger_queue(ledger, seat), from, kept);
	s->out_origin += s->owed_boundary;
	s->owed_at -= s->owed_boundary;
	s->owed_end -= s->owed_boundary;
	s->owed_boundary = 0;
	ledger_mark(&ledger->moving, 0);
}

/* Makes sure that `need` more bytes fit behind the queue's end. Returns where that is. */
static uint8_t *make_place(struct ledger *ledger, unsigned seat, size_t need)
{
	struct seat *s = &ledger->seats[seat];

	find_boundary(ledger, seat);
	if (s->owed_end == 0)
		s->spilled = need > SEAT_QUEUE_BYTES;
	else if (s->owed_end + need > ledger_queue_place(ledger, seat))
		move(ledger, seat, need);
	assert(s->owed_end + need <= ledger_queue_place(ledger, seat));
	return ledger_queue(ledger, seat) + s->owed_end;
}

int queue_append(struct ledger *ledger, unsigned seat, enum ws_opcode opcode, const struct iovec *parts, int part_count)
{
	struct seat *s = &ledger->seats[seat];
	size_t length = 0;

	for (int i = 0; i < part_count; i++)
		length += parts[i].iov_len;
	size_t frame = length + WS_SERVER_HEADER_MAX;
	size_t owed = s->owed_end - s->owed_at;
	if (owed > 0 && owed + frame > ledger->open.queue_bytes_max)
		return -ENOBUFS;
	uint8_t *begin = make_place(ledger, seat, frame);
	uint8_t *at = begin + ws_header_write(begin, opcode, length);
	for (int i = 0; i < part_count; i++) {
		if (parts[i].iov_len > 0)
			memcpy(at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	ledger_mark(&s->owed_end, s->owed_end + (uint32_t)(at - begin));
	return 0;
}

void queue_append_close(struct ledger *ledger, unsigned seat, uint16_t code, const char *why)
{
	struct seat *s = &ledger->seats[seat];

	uint8_t *at = make_place(ledger, seat, WS_SERVER_HEADER_MAX + LIMIT_CONTROL_FRAME_BYTES);
	size_t size = ws_close_write(at, code, why);
	ledger_mark(&s->owed_end, s->owed_end + (uint32_t)size);
}

void queue_copy_begun(struct ledger *ledger, unsigned seat, unsigned other)
{
	const struct seat *s;
	struct seat *to = &ledger->seats[other];

	find_boundary(ledger, seat);
	s = &ledger->seats[seat];
	to->out_origin = s->out_origin + s->owed_boundary;
	to->owed_boundary = 0;
	to->owed_at = s->owed_at - s->owed_boundary;
	to->owed_end = to->owed_at > 0 ? frame_end(ledger, seat, s->owed_boundary) - s->owed_boundary : 0;
	to->spilled = to->owed_end > SEAT_QUEUE_BYTES;
	memcpy(ledger_queue(ledger, other), ledger_queue(ledger, seat) + s->owed_boundary, to->owed_end);
}

void queue_drop_unbegun(struct ledger *ledger, unsigned seat)
{
	struct seat *s = &ledger->seats[seat];

	find_boundary(ledger, seat);
	ledger_mark(&s->owed_end,
		    s->owed_boundary < s->owed_at ? frame_end(ledger, seat, s->owed_boundary) : s->owed_boundary);
}

void queue_reset(struct ledger *ledger, unsigned seat)
{
	struct seat *s = &ledger->seats[seat];

	ledger_mark(&ledger->moving, seat + 1);
	s->out_origin += s->owed_at;
	s->owed_at = s->owed_end = s->owed_boundary = 0;
	ledger_mark(&ledger->moving, 0);
}
