/*
 * limits - every bound of the system, each with its reason.
 *
 * First those that the code itself relies on, and the hard ceilings behind the settings; then the defaults of what an
 * operator may choose (broker/settings.h).
 */
#ifdef _GCC_NEXT_LIMITS_H
/* gcc's <limits.h> gets at libc's by way of a file that looks through -iquote, too, and so arrives here: pass it on. */
#pragma GCC system_header
#include_next <limits.h>
#elif !defined(LIMITS_H)
#define LIMITS_H

/* A room id or a sender's label, in bytes of UTF-8: PROTOCOL gives 1-128; names are kept in place, never allocated. */
#define LIMIT_NAME_BYTES 128

/* A client id as it is written: 128 random bits in hex. Unguessable, and long enough never to repeat. */
#define LIMIT_CLIENT_ID_BYTES 32

/* Nesting of a client's JSON: WebRTC needs about 5; what is relayed must not overflow a naive receiver's stack. */
#define LIMIT_JSON_DEPTH 128

/* One read from a socket: large enough that a burst is one system call (half of this costs a quarter of what a room can
 * relay), small enough that what is left over after a `join` or a `leave` fits one packet of a channel between
 * processes. */
#define LIMIT_READ_BYTES 65536

/* The same in the lobby, where nobody has much to say: what comes in one read is charged at once, and must not be too
 * much of a flood. */
#define LIMIT_LOBBY_READ_BYTES 32768

/* The largest message an operator may allow: a member's input buffer lies in its room's memory in one piece. */
#define LIMIT_MESSAGE_BYTES_CEILING (1024 * 1024)

/* The smallest: a `join` with the longest names, every byte of them escaped, must fit. */
#define LIMIT_MESSAGE_BYTES_FLOOR 2048

/* Members of one room with `max_members` off: the ledger has a slot for each, and a room's process a descriptor. */
#define LIMIT_MEMBERS_CEILING 512

/* Seats of a room: as many again as it may have members, for connections that are saying goodbye. */
#define LIMIT_SEATS_CEILING (2 * LIMIT_MEMBERS_CEILING)

/* Bytes owed to one slow reader with `queue_bytes_max` off: the queue lies in the room's memory. */
#define LIMIT_QUEUE_BYTES_CEILING (16 * 1024 * 1024)

/* What is kept for a member that may resume, until it confirms it (PROTOCOL, resume): messages, and bytes of them. Past
 * it, one that is away has lost its seat; one that is here has lost the way back to what is older. */
#define LIMIT_REPLAY_MESSAGES 64
#define LIMIT_REPLAY_BYTES (256 * 1024)

/* The random part of a secret with which a seat is resumed: 128 bits in hex; before it stands the client id. */
#define LIMIT_SECRET_BYTES 32
#define LIMIT_RESUME_BYTES (LIMIT_CLIENT_ID_BYTES + 1 + LIMIT_SECRET_BYTES)

/* `"seq":` with the largest number, before what a message says. */
#define LIMIT_SEQ_BYTES 32

/* A request's head: browsers with cookies stay under 8 KiB, and a token may ride in a header. */
#define LIMIT_REQUEST_BYTES 8192

/* An access token: far more than its claims need, and it fits a request's head beside the rest. */
#define LIMIT_TOKEN_BYTES 4096

/* What a token says of its room: a name, or a pattern for names, which is seldom longer. */
#define LIMIT_TOKEN_ROOM_BYTES 256

/* Keys that tokens may be signed with: one in use and one to come for each issuer; a token that does not say which is
 * tried with each. */
#define LIMIT_TOKEN_KEYS 16

/* A key or a shared secret: public keys take 91 bytes, and a secret longer than its hash is worth no more. */
#define LIMIT_KEY_BYTES 512

/* What a client is told of STUN and TURN servers, as JSON: the addresses of as many as a setting holds. */
#define LIMIT_ICE_BYTES 4096

/* How often a member may ask for fresh credentials: they last for minutes at least. */
#define LIMIT_ICE_MS 1000

/* The text of a control frame (RFC 6455, 5.5). */
#define LIMIT_CONTROL_FRAME_BYTES 125

/* What a server's own message takes beyond the names in it, which may grow sixfold by escaping (\u001b). */
#define LIMIT_SERVER_MESSAGE_BYTES (1024 + 6 * 3 * LIMIT_NAME_BYTES)

/* What the server relays is at most this much longer than what came: its own fields, and a frame's header. */
#define LIMIT_RELAY_BYTES (LIMIT_SERVER_MESSAGE_BYTES + 10)

/* One entry of `participants`: an id, and a label that may grow sixfold by escaping. */
#define LIMIT_PARTICIPANT_BYTES (64 + LIMIT_CLIENT_ID_BYTES + 6 * LIMIT_NAME_BYTES)

/* Messages refused for coming too fast before the sender is closed: an honest burst that went over is answered, a flood
 * is not argued with. They are forgiven at this many a second. */
#define LIMIT_STRIKES 50
#define LIMIT_STRIKES_FORGIVEN 5

/* Connections past a bound that are being told so; more are cut off without a word. */
#define LIMIT_REFUSALS 256

/* Descriptors that new connections leave to channels and files that come and go, beside one for each client that is in
 * no room: it may make one. */
#define LIMIT_FDS_RESERVE(fds_max) (32 + (fds_max) / 16)

/* How long a closing connection may take to say goodbye before it is cut: a second covers any live network. */
#define LIMIT_GOODBYE_MS 1000

/* How long the seat of a member that closed with 1001 is kept, for which no script can ask: its browser does so when
 * the page goes away. Firefox does so as well when a page stays after all (its link was a download): that one is back
 * within a second, or a few over a slow line. */
#define LIMIT_GOING_AWAY_MS 5000

/* How long a client that said `leave` may take to read what is still owed to it. */
#define LIMIT_LEAVE_MS 10000

/* The kernel lets only so many descriptors be on their way between a user's processes: how long to wait before the next
 * attempt. Whoever they are for takes them within a turn of its loop. */
#define LIMIT_IN_FLIGHT_MS 10

/* Events taken from epoll at once: a bound on how long one turn of a loop can be, not on how much is served. */
#define LIMIT_EPOLL_EVENTS 64

/* A roomd's stack: its deepest path takes 20 KB. */
#define LIMIT_ROOMD_STACK_BYTES (64 * 1024)

/* The stack that the kernel gave the zygote, which uses little, and a roomd nothing of it. */
#define LIMIT_ROOMD_KERNEL_STACK_BYTES (512 * 1024)

/* The address space of a roomd beside its room's memory: program, libraries, stack, with room for other builds. */
#define LIMIT_ROOMD_PROGRAM_BYTES (64 * 1024 * 1024)

/* Connections accepted in one turn: a flood may not keep the lobby waiting. */
#define LIMIT_ACCEPT_BATCH 32

/* Rosters that are kept for the next room, blank and mapped (broker/roster.h), and of how many entries at most: few
 * rooms have more, and what is kept is memory. */
#define LIMIT_SPARE_ROSTERS 32
#define LIMIT_SPARE_ENTRIES 8

/* Rooms' processes that start at once, at most. */
#define LIMIT_STARTS 16

/* Rooms' processes started in one turn of the keeper: a flood of rooms may keep neither a lost one nor SIGTERM waiting.
 */
#define LIMIT_SPAWN_BATCH 8

/* Roomds made by one zygote, all with its address-space layout: what an attacker learns of one holds for so many. */
#define LIMIT_ZYGOTE_ROOMDS 256

/* A request on the control socket, a line: the longest command with the longest names, every byte escaped, and room to
 * grow. */
#define LIMIT_CONTROL_REQUEST_BYTES 4096

/* Connections to the control socket, in all and of one user: watchers are cheap, but not free. */
#define LIMIT_CONTROL_CLIENTS 1024
#define LIMIT_CONTROL_CLIENTS_OF_USER 512

/* Events that wait for one operator who does not read; then they are counted instead. */
#define LIMIT_CONTROL_EVENT_BYTES 65536

/* How long an operator may take over the rest of a line. */
#define LIMIT_CONTROL_LINE_MS 10000

/* Requests answered in one turn of the broker's loop, whoever asks: clients in the lobby wait meanwhile. */
#define LIMIT_CONTROL_BATCH 8

/* Rooms in one line of a list. */
#define LIMIT_CONTROL_LIST_ROOMS 128

/* Signals told of in a second by a room that is traced: what is more is counted. */
#define LIMIT_TRACE_RATE 200

/* --- the defaults of what an operator may choose; the ranges are in broker/settings.h, and 0 turns a bound off --- */

/* Rooms that open at the same moment, in a clinic's morning; a warm process takes 100-200 KB. */
#define DEFAULT_POOL_SIZE 4

/* About 2 KB of the broker's and two descriptors each, and a usual hard limit of descriptors is 1048576 or 20000. */
#define DEFAULT_MAX_CONNECTIONS 10000

/* Who is in no room is served by the one broker; honest clients join at once, so this many is an attack or a
 * restart's rush, in which members of 5000 rooms come back within seconds. */
#define DEFAULT_MAX_LOBBY 4000

/* A clinic of 250 people behind one address works; somebody else needs forty addresses to fill the house. */
#define DEFAULT_ADDRESS_CONNECTIONS 256

/* Half of max_connections: two in a room. A process each, so this also bounds processes and their memory. */
#define DEFAULT_MAX_ROOMS 5000

/* A mesh beyond that asks too much of the browsers: 16 people are 120 connections. */
#define DEFAULT_MAX_MEMBERS 16

/* A request is one packet: ten seconds outlast lost ones on a bad line, and a slow one holds a record no longer. */
#define DEFAULT_REQUEST_TIMEOUT_MS 10000

/* A page may ask for the camera between connecting and joining, and people take their time to click. */
#define DEFAULT_JOIN_TIMEOUT_MS 60000

/* Below the 30 s after which home routers and proxies forget an idle connection. */
#define DEFAULT_PING_INTERVAL_MS 25000

/* Two pings may be lost, or a train go through a tunnel, before a member counts as gone. */
#define DEFAULT_PING_TIMEOUT_MS 60000

/* A living system confirms within its round trip; with what is lost on the way and sent again, within seconds. A ping
 * to a dead one thus ends 25 + 30 s after its last word, and a signal 30 s after it was sent. */
#define DEFAULT_UNACKNOWLEDGED_MS 30000

/* From one network to the next takes seconds, out of a lift half a minute; whoever waits longer calls again. */
#define DEFAULT_RESUME_MS 30000

/* The largest SDP seen in the wild takes 20 KB. */
#define DEFAULT_MESSAGE_BYTES_MAX 65536

/* A call with everyone of a full room takes a few signals a second; 50 is out of people's reach, and nothing to
 * the server. */
#define DEFAULT_MESSAGE_RATE 50

/* Who comes into a room of 16 sends 15 offers and some 30 candidates for each, at once. */
#define DEFAULT_MESSAGE_BURST 500

/* message_rate signals of 5 KB. */
#define DEFAULT_BYTE_RATE 262144

/* message_burst signals of 4 KB: offers are larger than candidates, but few. */
#define DEFAULT_BYTE_BURST 2097152

/* A clinic behind one address that comes back after an outage; what a join costs is a process, sometimes. */
#define DEFAULT_JOIN_RATE 100

/* The same: all its 256 connections at once, and once more. */
#define DEFAULT_JOIN_BURST 500

/* A developer who tries things in the console makes a few mistakes; a client that makes more of them is broken. */
#define DEFAULT_BAD_MESSAGES_MAX 20

/* Sixteen of the largest messages, or a reader that is silent for seconds in a busy room; it is the room's memory. */
#define DEFAULT_QUEUE_BYTES_MAX 1048576

#endif
