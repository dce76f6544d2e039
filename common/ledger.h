/*
 * ledger - all that a room's process knows, in one shared memory file: its seats, what was read and not yet parsed,
 * what is owed to whom. Nothing else in roomd changes while it runs, so that what it knew outlives it. Process: keeper
 * (makes the file), roomd (writes it). Never:   grows; holds a pointer.
 *
 *   struct ledger | seats[2 * max_members] | per seat, page-aligned: input buffer, queue
 *
 * The file is sparse: a page costs memory from the first byte that is written to it.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc_messages.h"
#include "keepalive.h"
#include "traffic.h"
#include "ws.h"

/* The states of a seat; who may follow whom stands in roomd/member.c. */
enum seat_state {
	SEAT_FREE,
	SEAT_TAKEN,     /* a member sits here */
	SEAT_LEAVING,   /* it said `leave`: what is owed to it goes out first */
	SEAT_RETURNING, /* the broker is to take it back */
	SEAT_CLOSING,   /* the close frame is on its way out */
	SEAT_LINGERING, /* our side is shut down; what still comes in is thrown away */
	SEAT_GONE,      /* the connection is closed; the broker is to be told */
	SEAT_STATES
};

/* What an heir finds to be the fate of a seat; it lies in the ledger, lest the heir's own end undo it. */
enum seat_fate { FATE_GO_ON, FATE_CLOSE, FATE_CUT };

struct seat {
	uint64_t client; /* the broker's number for it */
	struct client_id id;
	struct name sender;
	uint8_t state;     /* enum seat_state */
	uint8_t departure; /* enum left_reason + 1 while LEFT is still to be said, else 0 */
	uint8_t leaving;   /* enum left_reason + 1 while the others are being told, of whom told_up_to know, else 0 */
	uint8_t fate;      /* enum seat_fate */
	uint16_t close_code;
	uint32_t owed_at;       /* the queue's first byte not yet written ... */
	uint32_t owed_end;      /* ... and its first free byte */
	uint32_t owed_boundary; /* a frame's first byte, at or before owed_at */
	uint64_t in_origin;     /* bytes since the connection began: read, but for in.end ... */
	uint64_t out_origin;    /* ... and written, but for owed_at */
	uint32_t told_up_to;    /* seats below this one */
	struct ws_stream in;
	struct ipc_allowance allowance;
	struct keepalive keepalive;
	uint64_t deadline_ms;  /* LEAVING, CLOSING, LINGERING: when patience ends */
	uint64_t expires_ms;   /* when its token ends; 0: never */
	uint64_t ice_asked_ms; /* when it last asked for STUN and TURN servers; 0: never */
	bool ice_due;          /* the broker is still to be asked */
	struct seat_traffic traffic;
};

/*
 * While `busy` names a seat, what it sent is being handed on: killed in that moment, nobody can tell whether it was.
 * While `moving` names one, the bytes of its queue are between two places. At every other moment the kernel's positions
 * tell exactly where both streams of every seat stand: what in.end and owed_at do not show yet has just been read or
 * written.
 */
struct ledger {
	/* These never move. */
	uint32_t version; /* IPC_VERSION of the roomd that writes it */
	uint32_t used;    /* connections that it has */

	uint64_t seen;    /* ADOPTs received */
	uint32_t busy;    /* seat + 1, or 0 */
	uint32_t moving;  /* seat + 1, or 0 */
	uint32_t top;     /* no seat from this one on is in use */
	uint32_t working; /* 0 while it waits for something to do */
	struct room_traffic traffic;
	struct ipc_open open;
	struct seat seats[];
};

/* What precedes it in the code is done before what follows. (The end of a process keeps the order of its stores: only
 * the compiler has to be told.) */
static inline void ledger_fence(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Sets one of the marks, before what follows in the code and after what precedes it. */
static inline void ledger_mark(uint32_t *mark, uint32_t value)
{
	ledger_fence();
	*(volatile uint32_t *)mark = value;
	ledger_fence();
}

/* Keeps `top` after the state of `seat` has changed: all that goes over the seats in use goes no further. */
static inline void ledger_note_top(struct ledger *l, unsigned seat)
{
	if (l->seats[seat].state != SEAT_FREE && l->top <= seat)
		l->top = seat + 1;
	while (l->top > 0 && l->seats[l->top - 1].state == SEAT_FREE)
		l->top--;
}

static inline unsigned ledger_seats(const struct ipc_open *open)
{
	return 2 * open->max_members;
}

static inline size_t ledger_page_round(size_t n)
{
	return (n + 4095) & ~(size_t)4095;
}

static inline size_t ledger_input_size(const struct ipc_open *open)
{
	return ledger_page_round(ws_buffer_size(open->message_bytes_max));
}

/* A queue holds queue_bytes_max, or one message of any size that the server sends, whichever is more. */
static inline size_t ledger_queue_size(const struct ipc_open *open)
{
	return ledger_page_round((size_t)open->queue_bytes_max + open->message_bytes_max + LIMIT_SERVER_MESSAGE_BYTES +
				 LIMIT_ICE_BYTES + open->max_members * LIMIT_PARTICIPANT_BYTES);
}

static inline size_t ledger_data_offset(const struct ipc_open *open)
{
	return ledger_page_round(sizeof(struct ledger) + ledger_seats(open) * sizeof(struct seat));
}

/* The size of the file for rooms of this kind, in bytes. */
static inline size_t ledger_size(const struct ipc_open *open)
{
	return ledger_data_offset(open) + ledger_seats(open) * (ledger_input_size(open) + ledger_queue_size(open));
}

static inline uint8_t *ledger_input(struct ledger *l, unsigned seat)
{
	return (uint8_t *)l + ledger_data_offset(&l->open) +
	       seat * (ledger_input_size(&l->open) + ledger_queue_size(&l->open));
}

static inline uint8_t *ledger_queue(struct ledger *l, unsigned seat)
{
	return ledger_input(l, seat) + ledger_input_size(&l->open);
}

#endif
