/*
 * client - one connection, from accept to its end: who it is, where it is, what is still to be written to it.
 * Process: broker.  Owns: its descriptor. While the client sits in a room, that is a duplicate which is in no poll set.
 * Never:   frees itself in the middle of a turn: an ended client is CLIENT_GONE until the turn's timers.
 * Fails:   a connection that breaks, or does not read, ends.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <sys/queue.h>
#include <sys/uio.h>

#include "ipc_messages.h"
#include "keepalive.h"
#include "loop.h"
#include "peer.h"
#include "resume.h"
#include "ws.h"

struct address;
struct broker;
struct room;
struct token;

TAILQ_HEAD(client_list, client);

enum client_state {
	CLIENT_REQUEST,   /* its HTTP request is not complete yet */
	CLIENT_LOBBY,     /* it speaks WebSocket and is in no room */
	CLIENT_WAITING,   /* its join was accepted; its room's process is not ready yet */
	CLIENT_SEATED,    /* its roomd has it */
	CLIENT_SUSPENDED, /* its roomd keeps its seat; its connection was lost, and it has no descriptor */
	CLIENT_CLOSING,   /* the last bytes are on their way out */
	CLIENT_LINGERING, /* our side is shut down; what still comes in is thrown away */
	CLIENT_GONE,
	CLIENT_STATES
};

struct client {
	struct source source;
	struct timer timer; /* request, join, ping or goodbye: what the state is bounded by */
	struct broker *broker;
	TAILQ_ENTRY(client) link;
	uint64_t number;   /* never reused */
	uint64_t since_us; /* when it was accepted */
	enum client_state state;
	struct peer peer;        /* whence it came, as far as that is known */
	uint32_t listener_kind;  /* enum ipc_listener_kind bits */
	bool proxy_due;          /* a PROXY header is still to come */
	struct address *address; /* NULL: not counted, because of `past_bound` */
	const char *past_bound;  /* the setting whose bound was reached when it came, or NULL */

	/* lobby */
	struct name bound_room; /* named in the path */
	struct token *token;    /* that came with the request; NULL: none */
	bool was_seated;
	uint64_t entered_ms;
	struct ws_stream in;
	uint8_t *input;  /* what was read and not used up yet; NULL: nothing */
	bool input_due;  /* its input is to be looked at as soon as the turn is over */
	uint8_t *output; /* what could not be written yet; NULL: nothing */
	size_t output_at;
	size_t output_length;
	struct ipc_allowance allowance;
	struct keepalive keepalive;
	uint64_t in_bytes; /* read and written since the connection began */
	uint64_t out_bytes;

	/* room */
	struct room *room;
	struct client_list *room_list; /* the one of its room's that it is in */
	TAILQ_ENTRY(client) room_link;
	uint64_t asked_us;  /* when it sent the join that was accepted */
	uint64_t joined_ms; /* the same, by the loop's clock */
	struct client_id id;
	struct name sender;
	bool member;           /* counted by its room */
	uint32_t roster_entry; /* its place in the room's roster, and 1 more; 0: it has none */
	uint64_t expires_ms;   /* when its token ends, by the loop's clock; 0: never */
	struct resume resume;
};

struct clients {
	struct client_list all;
	unsigned count;     /* within the bounds */
	unsigned outside;   /* of those, not SEATED */
	unsigned suspended; /* seats without a connection: not counted as one */
	unsigned uncounted; /* past a bound: they may ask for /health, and are told */
};

void clients_init(struct clients *clients);

/* Makes the record of a connection; fd and (if not NULL) address are its from now on, also on failure. Returns NULL
 * without memory. */
struct client *client_new(struct broker *broker, int fd, struct address *address);

/* Makes the record of a client that another broker had seated, without its connection: that comes later. `address` is
 * its from now on, also on failure. Returns NULL without memory. */
struct client *client_new_seated(struct broker *broker, uint64_t number, struct address *address);

/* Makes the record of a client that another broker had in its lobby, or before that. Nothing is waited for yet. fd and
 * (if not NULL) address are its from now on, also on failure. Returns NULL without memory. */
struct client *client_new_given(struct broker *broker, const struct ipc_lobby *given, int fd, struct address *address);

/* Keeps what was read from it and not used up yet. Returns false, and ends it, without memory. */
bool client_keep_input(struct client *client, const void *input, size_t length);

/* It can't go over to the next broker: says goodbye. */
void client_leave_behind(struct client *client);

/* It turns out that somebody else is behind this connection: it is counted there. Returns false without memory: the
 * client has ended then. */
bool client_comes_from(struct client *client, const struct peer *peer);

/* Goes to another state; asserts that it may. */
void client_enter(struct client *client, enum client_state next);

/* Waits for the socket, or stops to. Ends the client if epoll has no room for it. */
void client_watch(struct client *client, uint32_t events);

/* Writes now what goes, and the rest as soon as it goes. With more than queue_bytes_max waiting, the client is ended.
 */
void client_send(struct client *client, const struct iovec *parts, int part_count);

/* Is something still to be written? While it is, the client can't be handed to a room. */
bool client_is_blocked(const struct client *client);

/* After the last client_send(): shut down our side once all is written, wait a moment for the other's, end. */
void client_finish(struct client *client);

/* Sends a close frame and finishes. */
void client_close(struct client *client, uint16_t code, const char *why);

/* Its roomd keeps the seat, but the connection is over: it is SUSPENDED. */
void client_suspend(struct client *client);

/* Ends at once; with a reset or without. */
void client_end(struct client *client, bool reset);

#endif
