/*
 * control - the Unix socket at which operators ask and act: who may come in, whose turn it is, what they are told.
 * Process: broker.  Owns: the listening socket (made by the keeper), the connections.
 * Never:   blocks; does more than LIMIT_CONTROL_BATCH requests in one turn of the loop; keeps more for one operator
 * than a reply and LIMIT_CONTROL_EVENT_BYTES of events. Fails:   a connection that breaks, or does what it may not,
 * ends.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "client_message.h"
#include "control_request.h"
#include "ipc_messages.h"
#include "loop.h"
#include "text.h"

struct broker;
struct room;

/* One connection. */
struct control_client {
	struct source source;
	struct timer timer; /* the rest of a line, or of a goodbye, is due */
	struct control *control;
	TAILQ_ENTRY(control_client) link;
	TAILQ_ENTRY(control_client) ready_link;
	uid_t uid;
	pid_t pid;
	bool may_look;
	bool may_act;

	char input[LIMIT_CONTROL_REQUEST_BYTES];
	size_t input_length;
	bool input_ended;
	bool late; /* the timer runs for the rest of a line */
	struct text output;
	size_t output_at;
	bool closing; /* ends when its output is out */
	bool is_ready;

	/* what goes on beyond one reply; the ids are those of the requests that began it */
	bool listing;
	struct name listed; /* the last room that was */
	char list_id[CONTROL_ID_BYTES];
	bool watching;
	char watch_id[CONTROL_ID_BYTES];
	uint64_t traced; /* a room's number, or 0 */
	char trace_id[CONTROL_ID_BYTES];
	uint64_t missed; /* events that there was no place for */
};

TAILQ_HEAD(control_client_list, control_client);

struct control {
	struct broker *broker;
	struct source listener;
	struct timer accept_timer; /* to try again when there were no descriptors */
	struct control_client_list clients;
	struct control_client_list ready; /* have something to be done */
	struct timer ready_timer;
	struct ipc_control rights;
	pid_t own_pid;
	pid_t keeper_pid;
	unsigned count;
	unsigned watchers;
	unsigned tracers;
};

void control_init(struct control *control, struct broker *broker);

/* Takes the listening socket, and who may do what. */
void control_open(struct control *control, int listener, const struct ipc_control *rights);

/* Lets them in from now on. */
void control_serve(struct control *control);

/* Closes it, and all connections. */
void control_close(struct control *control);

/* Does anybody want to know what happens, in this room (NULL: in none)? If not, an event need not be written. */
bool control_listens(const struct control *control, const struct room *room);

/* Tells all who watch, and those who trace the room with this number (0: none), of an event: `event` is an object's
 * fields without the brackets. Those with `only_traced` are not for watchers. */
void control_publish(struct control *control, uint64_t room, bool only_traced, const struct text *event);

/* --- for the files that serve a connection ----------------------------------------------------------------------- */

struct control_client *control_client_new(struct control *control, int fd);
void control_client_end(struct control_client *client);

/* Writes what goes, and the rest when it goes; then whatever is next. */
void control_client_flush(struct control_client *client);

/* Does one thing that is to be done. */
void control_client_work(struct control_client *client);

/* Answers one request, or goes on with a list. */
void control_execute(struct control_client *client, const char *line, size_t n);
void control_list_more(struct control_client *client);

/* It watches and traces no more. */
void control_stop_streams(struct control_client *client);

/* Begins and ends a reply to the request with this id. */
void control_reply_begin(struct control_client *client, const char *id);
void control_reply_end(struct control_client *client);
void control_reply_refusal(struct control_client *client, const char *id, const struct control_refusal *refusal);

/* Puts the connection where its turn comes. */
void control_enqueue(struct control_client *client);

/* The replies that only look (control_show.c). */
void control_status(struct control_client *client);
void control_show(struct control_client *client, struct room *room);
void control_settings(struct control_client *client);

/* What acts (control_act.c); false, and *ret_refusal, if it can't be done. */
bool control_kick(struct control_client *operator, struct room * room, const struct control_text *who,
		  struct control_refusal *ret_refusal);
bool control_close_room(struct control_client *operator, struct room * room, struct control_refusal *ret_refusal);
void control_drain(struct control_client *operator, bool drains);
void control_log(struct control_client *operator, int level);

#endif
