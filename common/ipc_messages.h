/*
 * ipc_messages - THE table: every message between processes, who says it, what it carries, when it is legal.
 * Process: all.
 *
 * Three kinds of channel, all Unix SEQPACKET: one between keeper and broker, one between keeper and zygote, one between
 * the broker and each roomd (in which the keeper has said the first word: LEDGER). From the table come the enum, the
 * names in traces, exact sizes, descriptor counts, and what ipc_recv() lets through.
 */
#ifndef IPC_MESSAGES_H
#define IPC_MESSAGES_H

#include <stdint.h>

#include "bucket.h"
#include "candidate.h"
#include "identity.h"
#include "keepalive.h"
#include "limits.h"
#include "server_message.h"
#include "traffic.h"
#include "ws.h"

/* Raised with every change of a message's meaning or layout, or of the ledger's. A broker leaves rooms of another
 * version alone (broker/foreign.h). */
#ifndef IPC_VERSION
#define IPC_VERSION 3
#endif

/* Who speaks. */
enum ipc_from { IPC_FROM_KEEPER, IPC_FROM_BROKER, IPC_FROM_ROOMD, IPC_FROM_ZYGOTE };

/* What a channel has seen so far; both of its ends keep it. */
enum ipc_state {
	IPC_IN_STARTING =
	    1 << 0, /* keeper-broker: the broker gets what it needs; broker-roomd: the roomd locks itself in */
	IPC_IN_SERVING = 1 << 1,  /* keeper-broker: the broker accepts clients; keeper-zygote: always */
	IPC_IN_WARM = 1 << 2,     /* broker-roomd: waiting for its one room */
	IPC_IN_OPEN = 1 << 3,     /* broker-roomd: it is a room */
	IPC_IN_RETIRED = 1 << 4,  /* broker-roomd: told to go; nothing more may be said */
	IPC_IN_COUNTING = 1 << 5, /* broker-roomd: a new broker has asked it who sits there */
	IPC_IN_HANDOVER = 1 << 6, /* broker-broker: the one gives its lobby to the other */
};

struct ipc_configure {
	uint32_t settings_bytes; /* of text in the sealed memory file that comes along */
	uint32_t log_format;     /* enum log_format */
	uint8_t log_key[16];
};

/* What comes to a listener. */
enum ipc_listener_kind {
	IPC_LISTENER_PROXY = 1 << 0,    /* each connection begins with a PROXY header */
	IPC_LISTENER_LOOPBACK = 1 << 1, /* it can't be reached from another machine */
	IPC_LISTENER_UNIX = 1 << 2,
};

struct ipc_listener {
	uint32_t number; /* from 0 */
	uint32_t count;  /* of listeners in all: the broker serves when it has the last */
	uint32_t kind;   /* enum ipc_listener_kind bits */
	uint32_t unused;
};

/* The struct secrets (broker/secrets.h) in the sealed memory file that comes along. */
struct ipc_secrets {
	uint32_t bytes;
	uint32_t unused;
};

/* Who may do what at the control socket, beside root. */
struct ipc_control {
	uint32_t owner;   /* user who may look and act */
	uint32_t admins;  /* group that may look and act */
	uint32_t readers; /* group that may look */
	uint32_t unused;
};

/* No user or group: (uid_t)-1 is none. */
#define IPC_CONTROL_NOBODY UINT32_MAX

struct ipc_ready {
	uint32_t sandbox_layers; /* enum sandbox_layer bits in force in the sender */
	uint32_t unused;
};

struct ipc_spawn {
	uint32_t count; /* roomds wanted in addition to those asked for */
	uint32_t unused;
};

struct ipc_roomd {
	uint64_t roomd;   /* the keeper's number for it, never reused */
	uint64_t heir_of; /* the lost roomd whose ledger it was started with; 0: it is for any room */
	uint64_t roster; /* the keeper's number for the one it has: of the ROSTER just before, or of one that is kept */
	int32_t pid;
	uint32_t inherited; /* it was another broker's */
};

/* The file in which the broker keeps who is in the room of the ROOMD that follows. */
struct ipc_roster {
	uint64_t roster; /* the keeper's number for it, never reused */
};

struct ipc_release {
	uint64_t roomd;
	uint32_t keeps_roster; /* it is blank and still mapped: it may be another's, without being sent again */
	uint32_t unused;
};

/* Of the roomd that was asked for. */
struct ipc_made {
	int32_t pid; /* or -errno */
	uint32_t unused;
};

struct ipc_spawn_failed {
	uint32_t count; /* how many of those asked for will not come */
	int32_t error;  /* errno */
};

struct ipc_which {
	uint64_t roomd;
};

/* What a room must know of the settings. */
struct ipc_open {
	uint32_t max_members; /* slots in use, 1 to LIMIT_MEMBERS_CEILING */
	uint32_t message_bytes_max;
	uint32_t queue_bytes_max;
	uint32_t message_rate; /* a second; 0: unbounded */
	uint32_t message_burst;
	uint32_t byte_rate;
	uint32_t byte_burst;
	uint32_t bad_messages_max; /* 0: unbounded */
	uint32_t ping_interval_ms; /* 0: never */
	uint32_t ping_timeout_ms;
	uint32_t resume_ms; /* how long a seat is kept for a lost member; 0: no seat is */
	struct name room_id;
	uint8_t unused[3];
};

/* The first message to an heir: the room it is to go on with, and how many RESEATs follow. */
struct ipc_reopen {
	struct ipc_open open;
	uint32_t reseats; /* and KEEPs */
	uint32_t unused;
};

/* A client that sat in the room when its roomd was lost. Positions are bytes since the connection began, as the kernel
 * tells them; UINT64_MAX where it can't. */
struct ipc_reseat {
	uint64_t client;
	uint64_t in_bytes;  /* read by any of us */
	uint64_t out_bytes; /* written by any of us */
	uint32_t member;    /* 0: LEFT was heard already */
	uint32_t no_stream; /* 1: a Unix socket, of whose streams the kernel tells nothing */
};

/* What follows a client wherever it goes, so that neither a leave nor a return refills it. */
struct ipc_allowance {
	struct bucket messages;
	struct bucket bytes;
	struct bucket strikes;
	uint64_t bad_messages;
};

/* A client that is in no room, for the next broker. */
struct ipc_lobby {
	uint64_t client;
	uint64_t since_us; /* it was accepted */
	uint64_t entered_ms;
	uint64_t in_bytes; /* read and written since the connection began */
	uint64_t out_bytes;
	struct ipc_allowance allowance;
	struct keepalive keepalive;
	struct ws_stream in; /* of its input, which is the tail */
	struct name bound_room;
	struct token token;     /* that came with its request, if any did */
	struct peer peer;       /* whence it came: what it is counted against */
	uint32_t listener_kind; /* enum ipc_listener_kind bits */
	uint8_t proxy_due;      /* its PROXY header is still to come */
	uint8_t counted;        /* 0: it is past a bound, and only to be told so */
	uint8_t upgraded;       /* 0: its HTTP request is not complete yet, and unread */
	uint8_t was_seated;
};

/* What makes a seat one that may be resumed, and what a client has shown that wants such a seat back. The secrets of a
 * seat are counted: which is the newest that its member is known to have got, only the roomd knows. */
struct ipc_resume {
	uint64_t issued;    /* the number of the secret below, from 1; 0: none, the seat may not be resumed */
	uint64_t presented; /* the number of the secret that the client has shown; 0: none, it joins */
	uint64_t seen;      /* then also: the `seq` of the last message that it has seen */
	char secret[LIMIT_SECRET_BYTES];
};

struct ipc_adopt {
	uint64_t client; /* the broker's number for it, never reused */
	struct client_id id;
	uint64_t in_bytes; /* read and written since the connection began */
	uint64_t out_bytes;
	struct ipc_allowance allowance;
	uint64_t expires_ms; /* of CLOCK_MONOTONIC: when its token ends, and so does it; 0: never */
	struct ipc_resume resume;
	struct name sender;
	uint8_t unused[7];
}; /* tail: bytes read from the client behind its `join` or `resume` */

/* STUN and TURN servers for a client: that of the next ADOPT, or a member that has asked for them. */
struct ipc_ice {
	uint64_t client;
}; /* tail: what stands behind "ice_servers": in JSON */

struct ipc_return {
	uint64_t client;
	uint64_t in_bytes;
	uint64_t out_bytes;
	struct ipc_allowance allowance;
}; /* tail: bytes read from the client behind its `leave` */

/* The client is no member any more. RETURN (with its connection) or CLOSED follows, when the room is done with its
 * connection. */
struct ipc_left {
	uint64_t client;
	uint32_t reason; /* enum left_reason */
	uint32_t unused;
};

struct ipc_closed {
	uint64_t client;
	uint32_t close_code; /* that ended it: ours, the client's, or 1006 */
	uint32_t unused;
};

/* A new broker asks: who sits there? */
struct ipc_census {
	uint32_t version; /* the broker's IPC_VERSION */
	uint32_t number;  /* no broker before has asked under it */
};

/* The answer: each whose connection the roomd has ... */
struct ipc_sits {
	uint64_t client;
	uint32_t member; /* 0: it is leaving, or saying goodbye */
	uint32_t census; /* the number under which that was asked */
};

/* ... and the end of it. */
struct ipc_counted {
	uint64_t seen; /* ADOPTs received */
	uint32_t census;
	uint16_t open; /* 0: it has never become a room */
	uint16_t used; /* connections that it has */
};

/* Nobody is here. What LEFT and CLOSED would say of the last one comes along, if that was not said before. */
struct ipc_empty {
	uint64_t seen;       /* ADOPTs received */
	uint64_t client;     /* the last one, whose connection has ended now; 0: that was said */
	uint32_t departure;  /* 1 + enum left_reason, if it was a member until now; else 0 */
	uint32_t close_code; /* that ended its connection */
	struct room_traffic traffic;
};

/* A signal was relayed in a room that is traced. */
struct ipc_traced {
	uint64_t from;
	uint64_t to; /* 0: to all others */
	uint32_t action;
	uint32_t bytes; /* of `data` */
	struct candidate_counts candidates;
	uint64_t missed; /* signals that this was not said of, since the last time */
};

/* RESUMED: this client has the seat of its id now. NOT_RESUMED: it has none; the broker takes it back as it came. KEEP,
 * to an heir: it sits there without a connection. */
struct ipc_which_client {
	uint64_t client;
};

struct ipc_flag {
	uint32_t on;
	uint32_t unused;
};

struct ipc_nothing {
	uint64_t unused;
};

/*  name          from    body                     tail_max          fds  legal in */
#define IPC_MESSAGES(X)                                                                                                \
	X(CONFIGURE, IPC_FROM_KEEPER, struct ipc_configure, 0, 1, IPC_IN_STARTING)                                     \
	X(CONTROL, IPC_FROM_KEEPER, struct ipc_control, 0, 1, IPC_IN_STARTING)                                         \
	X(METRICS, IPC_FROM_KEEPER, struct ipc_nothing, 0, 1, IPC_IN_STARTING)                                         \
	X(SITE, IPC_FROM_KEEPER, struct ipc_nothing, 0, 1, IPC_IN_STARTING)                                            \
	X(MEMORY, IPC_FROM_KEEPER, struct ipc_nothing, 0, 1, IPC_IN_STARTING)                                          \
	X(SECRETS, IPC_FROM_KEEPER, struct ipc_secrets, 0, 1, IPC_IN_STARTING)                                         \
	X(LISTENER, IPC_FROM_KEEPER, struct ipc_listener, 0, 1, IPC_IN_STARTING)                                       \
	X(INHERITED, IPC_FROM_KEEPER, struct ipc_nothing, 0, 0, IPC_IN_STARTING)                                       \
	X(EQUIPPED, IPC_FROM_BROKER, struct ipc_nothing, 0, 0, IPC_IN_STARTING)                                        \
	X(SUCCEED, IPC_FROM_KEEPER, struct ipc_nothing, 0, 1, IPC_IN_STARTING)                                         \
	X(HANDOVER, IPC_FROM_KEEPER, struct ipc_nothing, 0, 1, IPC_IN_SERVING)                                         \
	X(LOBBY, IPC_FROM_BROKER, struct ipc_lobby, LIMIT_READ_BYTES, 1, IPC_IN_HANDOVER)                              \
	X(HANDED_OVER, IPC_FROM_BROKER, struct ipc_nothing, 0, 0, IPC_IN_SERVING)                                      \
	X(SERVING, IPC_FROM_BROKER, struct ipc_nothing, 0, 0, IPC_IN_STARTING)                                         \
	X(SPAWN, IPC_FROM_BROKER, struct ipc_spawn, 0, 0, IPC_IN_STARTING | IPC_IN_SERVING)                            \
	X(ROOMD, IPC_FROM_KEEPER, struct ipc_roomd, 0, 2, IPC_IN_STARTING | IPC_IN_SERVING)                            \
	X(SPAWN_FAILED, IPC_FROM_KEEPER, struct ipc_spawn_failed, 0, 0, IPC_IN_STARTING | IPC_IN_SERVING)              \
	X(HEIR, IPC_FROM_BROKER, struct ipc_which, 0, 0, IPC_IN_STARTING | IPC_IN_SERVING)                             \
	X(HEIR_FAILED, IPC_FROM_KEEPER, struct ipc_which, 0, 0, IPC_IN_STARTING | IPC_IN_SERVING)                      \
	X(ROSTER, IPC_FROM_KEEPER, struct ipc_roster, 0, 1, IPC_IN_STARTING | IPC_IN_SERVING)                          \
	X(KILL, IPC_FROM_BROKER, struct ipc_which, 0, 0, IPC_IN_STARTING | IPC_IN_SERVING)                             \
	X(RELEASE, IPC_FROM_BROKER, struct ipc_release, 0, 0, IPC_IN_STARTING | IPC_IN_SERVING)                        \
	X(LEDGER, IPC_FROM_KEEPER, struct ipc_which, 0, 1, IPC_IN_STARTING)                                            \
	X(READY, IPC_FROM_ROOMD, struct ipc_ready, 0, 0, IPC_IN_STARTING | IPC_IN_COUNTING)                            \
	X(OPEN, IPC_FROM_BROKER, struct ipc_open, 0, 0, IPC_IN_WARM)                                                   \
	X(ICE, IPC_FROM_BROKER, struct ipc_ice, LIMIT_ICE_BYTES, 0, IPC_IN_OPEN)                                       \
	X(ADOPT, IPC_FROM_BROKER, struct ipc_adopt, LIMIT_READ_BYTES, 1, IPC_IN_OPEN)                                  \
	X(REOPEN, IPC_FROM_BROKER, struct ipc_reopen, 0, 0, IPC_IN_WARM)                                               \
	X(RESEAT, IPC_FROM_BROKER, struct ipc_reseat, 0, 1, IPC_IN_OPEN)                                               \
	X(KEEP, IPC_FROM_BROKER, struct ipc_which_client, 0, 0, IPC_IN_OPEN)                                           \
	X(RETIRE, IPC_FROM_BROKER, struct ipc_nothing, 0, 0, IPC_IN_OPEN)                                              \
	X(KICK, IPC_FROM_BROKER, struct ipc_which_client, 0, 0, IPC_IN_OPEN)                                           \
	X(CLOSE, IPC_FROM_BROKER, struct ipc_nothing, 0, 0, IPC_IN_OPEN)                                               \
	X(TRACE, IPC_FROM_BROKER, struct ipc_flag, 0, 0, IPC_IN_OPEN)                                                  \
	X(TRACED, IPC_FROM_ROOMD, struct ipc_traced, 0, 0, IPC_IN_OPEN | IPC_IN_COUNTING)                              \
	X(ASK_ICE, IPC_FROM_ROOMD, struct ipc_which_client, 0, 0, IPC_IN_OPEN | IPC_IN_COUNTING)                       \
	X(LEFT, IPC_FROM_ROOMD, struct ipc_left, 0, 0, IPC_IN_OPEN | IPC_IN_COUNTING)                                  \
	X(RETURN, IPC_FROM_ROOMD, struct ipc_return, LIMIT_READ_BYTES, 1, IPC_IN_OPEN | IPC_IN_COUNTING)               \
	X(CLOSED, IPC_FROM_ROOMD, struct ipc_closed, 0, 0, IPC_IN_OPEN | IPC_IN_COUNTING)                              \
	X(EMPTY, IPC_FROM_ROOMD, struct ipc_empty, 0, 0, IPC_IN_OPEN | IPC_IN_COUNTING)                                \
	X(SUSPENDED, IPC_FROM_ROOMD, struct ipc_closed, 0, 0, IPC_IN_OPEN | IPC_IN_COUNTING)                           \
	X(RESUMED, IPC_FROM_ROOMD, struct ipc_which_client, 0, 0, IPC_IN_OPEN | IPC_IN_COUNTING)                       \
	X(NOT_RESUMED, IPC_FROM_ROOMD, struct ipc_which_client, 0, 0, IPC_IN_OPEN | IPC_IN_COUNTING)                   \
	X(CENSUS, IPC_FROM_BROKER, struct ipc_census, 0, 0, IPC_IN_WARM | IPC_IN_OPEN)                                 \
	X(SITS, IPC_FROM_ROOMD, struct ipc_sits, 0, 1, IPC_IN_COUNTING)                                                \
	X(KEPT, IPC_FROM_ROOMD, struct ipc_sits, 0, 0, IPC_IN_COUNTING)                                                \
	X(COUNTED, IPC_FROM_ROOMD, struct ipc_counted, 0, 0, IPC_IN_COUNTING)                                          \
	X(MAKE, IPC_FROM_KEEPER, struct ipc_nothing, 0, 1, IPC_IN_SERVING)                                             \
	X(MADE, IPC_FROM_ZYGOTE, struct ipc_made, 0, 0, IPC_IN_SERVING)

enum ipc_type {
#define X(name, ...) IPC_##name,
	IPC_MESSAGES(X)
#undef X
	    IPC_TYPES
};

#define IPC_FDS_MAX 2
#define IPC_BODY_MAX 1024

#endif
