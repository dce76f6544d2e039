/*
 * ledger - all that a room's process knows, in one shared memory file: its seats, what was read and not yet parsed,
 * what is owed to whom. Nothing else in roomd changes while it runs, so that what it knew outlives it. Process: keeper
 * (makes the file), roomd (writes it). Never:   grows; holds a pointer.
 *
 *   struct ledger | seats[2 * max_members] | per seat, page-aligned: input buffer, queue, replay
 *
 * The file is sparse: a page costs memory from the first byte that is written to it. So three members whose queues are
 * short are on one page with all that is known of them.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc_messages.h"
#include "keepalive.h"
#include "replay.h"
#include "traffic.h"
#include "ws.h"

/* The states of a seat; who may follow whom stands in roomd/member.c. */
enum seat_state {
	SEAT_FREE,
	SEAT_TAKEN,     /* a member sits here */
	SEAT_SUSPENDED, /* ... whose connection was lost; the seat is kept for it until deadline_ms */
	SEAT_LEAVING,   /* it said `leave`: what is owed to it goes out first */
	SEAT_RETURNING, /* the broker is to take it back */
	SEAT_CLOSING,   /* the close frame is on its way out */
	SEAT_LINGERING, /* our side is shut down; what still comes in is thrown away */
	SEAT_GONE,      /* the connection is closed; the broker is to be told */
	SEAT_STATES
};

/* What an heir finds to be the fate of a seat; it lies in the ledger, lest the heir's own end undo it. */
enum seat_fate { FATE_GO_ON, FATE_CLOSE, FATE_CUT };

/* What the others are being told of a seat's member. */
enum seat_news {
	NEWS_NONE,
	NEWS_JOINED,
	NEWS_SUSPENDED,
	NEWS_RESUMED,
	NEWS_LEFT, /* + enum left_reason */
};

/* What the broker is still to be told of a seat, beside departure and end. */
enum seat_due {
	DUE_RESUMED = 1 << 0,
	DUE_SUSPENDED = 1 << 1,
	DUE_NOT_RESUMED = 1 << 2, /* of a GONE seat, instead of CLOSED */
};

/* Of a member that may resume. */
struct seat_resume {
	uint64_t issued;         /* the number of the newest secret that it was sent; 0: it may not resume */
	uint64_t confirmed;      /* of the newest that it is known to have got */
	uint64_t n;              /* the last of its messages that was accepted: those up to here are done */
	uint64_t handing_n;      /* the one that is being handed on, or was last ... */
	uint32_t handed_up_to;   /* ... which seats below this one have */
	uint32_t kept;           /* messages in its replay; only to be shown */
	uint64_t of;             /* DUE_RESUMED: the client that it was before */
	uint64_t suspended_next; /* SUSPENDED: what has this number or more, it has surely not seen */
};

/* The longest queue that lies in the seat itself. */
#define SEAT_QUEUE_BYTES 720

struct seat {
	uint64_t client; /* the broker's number for it */
	struct client_id id;
	struct name sender;
	uint8_t state;     /* enum seat_state */
	uint8_t departure; /* enum left_reason + 1 while LEFT is still to be said, else 0 */
	uint8_t news;      /* enum seat_news while the others are being told, of whom told_up_to know, else 0 */
	uint8_t fate;      /* enum seat_fate */
	uint8_t due;       /* enum seat_due */
	uint16_t close_code;
	uint32_t owed_at;       /* the queue's first byte not yet written ... */
	uint32_t owed_end;      /* ... and its first free byte */
	uint32_t owed_boundary; /* a frame's first byte, at or before owed_at */
	uint8_t spilled;        /* not 0: the queue is too long for the seat, and lies behind its input buffer */
	uint64_t in_origin;     /* bytes since the connection began: read, but for in.end ... */
	uint64_t out_origin;    /* ... and written, but for owed_at */
	uint32_t told_up_to;    /* seats below this one */
	struct ws_stream in;
	struct ipc_allowance allowance;
	struct keepalive keepalive;
	uint64_t deadline_ms;  /* SUSPENDED, LEAVING, CLOSING, LINGERING: when patience ends */
	uint64_t expires_ms;   /* when its token ends; 0: never */
	uint64_t ice_asked_ms; /* when it last asked for STUN and TURN servers; 0: never */
	bool ice_due;          /* the broker is still to be asked */
	struct seat_resume resume;
	struct seat_traffic traffic;
	uint8_t queue[SEAT_QUEUE_BYTES];
};

/* Does a member sit here, with a connection or without? */
static inline bool seat_is_members(const struct seat *s)
{
	return s->state == SEAT_TAKEN || s->state == SEAT_SUSPENDED;
}

/* May its member resume? */
static inline bool seat_is_resumable(const struct seat *s)
{
	return s->resume.issued > 0;
}

/* Which of a seat's cursors, told_up_to or handed_up_to, a message that goes to several moves. */
enum cursor { CURSOR_NONE, CURSOR_TOLD, CURSOR_HANDED };

/* One message on its way to one seat. Should the process end here, an heir sees by the seat's queue, or by the number
 * of its next message, whether it has got it. */
struct saying {
	uint32_t to;     /* seat + 1; 0: none is */
	uint32_t by;     /* whose cursor it is */
	uint32_t cursor; /* enum cursor */
	uint32_t unused;
	uint64_t queued; /* where the seat's queue ended, in bytes since its connection began */
	uint64_t next;   /* the number of its next message, if it may resume */
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
	struct saying saying;
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

/* A spilled queue holds queue_bytes_max, or one message of any size that the server sends, whichever is more; and
 * beside a `resumed` all that is kept for the member. */
static inline size_t ledger_queue_size(const struct ipc_open *open)
{
	return ledger_page_round((size_t)open->queue_bytes_max + open->message_bytes_max + LIMIT_SERVER_MESSAGE_BYTES +
				 LIMIT_ICE_BYTES + open->max_members * LIMIT_PARTICIPANT_BYTES + LIMIT_REPLAY_BYTES +
				 LIMIT_REPLAY_MESSAGES * WS_SERVER_HEADER_MAX);
}

static inline size_t ledger_replay_size(const struct ipc_open *open)
{
	return open->resume_ms ? ledger_page_round(sizeof(struct replay)) : 0;
}

/* All that a seat has beside its struct. */
static inline size_t ledger_seat_size(const struct ipc_open *open)
{
	return ledger_input_size(open) + ledger_queue_size(open) + ledger_replay_size(open);
}

static inline size_t ledger_data_offset(const struct ipc_open *open)
{
	return ledger_page_round(sizeof(struct ledger) + ledger_seats(open) * sizeof(struct seat));
}

/* The size of the file for rooms of this kind, in bytes. */
static inline size_t ledger_size(const struct ipc_open *open)
{
	return ledger_data_offset(open) + ledger_seats(open) * ledger_seat_size(open);
}

static inline uint8_t *ledger_input(struct ledger *l, unsigned seat)
{
	return (uint8_t *)l + ledger_data_offset(&l->open) + seat * ledger_seat_size(&l->open);
}

/* Where the seat's queue lies now ... */
static inline uint8_t *ledger_queue(struct ledger *l, unsigned seat)
{
	struct seat *s = &l->seats[seat];

	return s->spilled ? ledger_input(l, seat) + ledger_input_size(&l->open) : s->queue;
}

/* ... and how many bytes it can hold there. */
static inline size_t ledger_queue_place(const struct ledger *l, unsigned seat)
{
	return l->seats[seat].spilled ? ledger_queue_size(&l->open) : SEAT_QUEUE_BYTES;
}

/* Only of a seat that may be resumed. */
static inline struct replay *ledger_replay(struct ledger *l, unsigned seat)
{
	return (struct replay *)(void *)(ledger_input(l, seat) + ledger_input_size(&l->open) +
					 ledger_queue_size(&l->open));
}

#endif
