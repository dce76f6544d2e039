/*
 * server_message - see server_message.h.
 */
#include "server_message.h"

#include <assert.h>
#include <string.h>

static void name_write(struct out *o, const struct name *name)
{
	out_json_string(o, name->bytes, name->length);
}

/* {"action":"<action>" */
static void begin(struct out *o, const char *action)
{
	out_text(o, "{\"action\":\"");
	out_text(o, action);
	out_text(o, "\"");
}

static void room(struct out *o, const struct name *room_id)
{
	out_text(o, ",\"room_id\":");
	name_write(o, room_id);
}

/* "client_id":"<id>" ; hex needs no escapes. */
static void client(struct out *o, const struct client_id *id)
{
	out_text(o, "\"client_id\":\"");
	out_bytes(o, id->text, sizeof id->text);
	out_text(o, "\"");
}

/* "client_id":...,"sender":... */
static void member(struct out *o, const struct client_id *id, const struct name *sender)
{
	client(o, id);
	out_text(o, ",\"sender\":");
	name_write(o, sender);
}

static void room_and_member(struct out *o, const struct name *room_id, const struct client_id *id,
			    const struct name *sender)
{
	room(o, room_id);
	out_text(o, ",");
	member(o, id, sender);
}

const char *left_reason_text(enum left_reason reason)
{
	static const char *const texts[] = {
#define X(name, text) [LEFT_##name] = text,
	    LEFT_REASONS(X)
#undef X
	};

	assert((unsigned)reason < sizeof texts / sizeof texts[0]);
	return texts[reason];
}

void server_message_joined_begin(struct out *o, bool resumed, const struct name *room_id, const struct client_id *id,
				 const struct name *sender)
{
	begin(o, resumed ? "resumed" : "joined");
	room_and_member(o, room_id, id, sender);
	out_text(o, ",\"success\":true,\"participants\":[");
}

void server_message_joined_participant(struct out *o, bool first, const struct client_id *id, const struct name *sender)
{
	out_text(o, first ? "{" : ",{");
	member(o, id, sender);
	out_text(o, "}");
}

void server_message_joined_end(struct out *o, struct span ice_servers, const struct resume_offer *offer)
{
	out_text(o, "]");
	if (ice_servers.at != NULL) {
		out_text(o, ",\"ice_servers\":");
		out_bytes(o, ice_servers.at, ice_servers.length);
	}
	if (offer) {
		out_text(o, ",\"resume\":\"");
		out_bytes(o, offer->id->text, sizeof(offer->id->text));
		out_text(o, ".");
		out_bytes(o, offer->secret, LIMIT_SECRET_BYTES);
		out_text(o, "\",\"resume_ms\":");
		out_unsigned(o, offer->resume_ms);
		out_text(o, ",\"n\":");
		out_unsigned(o, offer->n);
	}
	out_text(o, "}");
}

/* What has become of a member, and nothing else. */
static void tell_of(struct out *o, const char *action, const struct name *room_id, const struct client_id *id,
		    const struct name *sender)
{
	begin(o, action);
	room_and_member(o, room_id, id, sender);
	out_text(o, "}");
}

void server_message_user_joined(struct out *o, const struct name *room_id, const struct client_id *id,
				const struct name *sender)
{
	tell_of(o, "user-joined", room_id, id, sender);
}

void server_message_user_suspended(struct out *o, const struct name *room_id, const struct client_id *id,
				   const struct name *sender)
{
	tell_of(o, "user-suspended", room_id, id, sender);
}

void server_message_user_resumed(struct out *o, const struct name *room_id, const struct client_id *id,
				 const struct name *sender)
{
	tell_of(o, "user-resumed", room_id, id, sender);
}

void server_message_user_left(struct out *o, const struct name *room_id, const struct client_id *id,
			      const struct name *sender, enum left_reason reason)
{
	begin(o, "user-left");
	room_and_member(o, room_id, id, sender);
	out_text(o, ",\"reason\":\"");
	out_text(o, left_reason_text(reason));
	out_text(o, "\"}");
}

void server_message_left(struct out *o, const struct name *room_id, const struct client_id *id)
{
	begin(o, "left");
	room(o, room_id);
	out_text(o, ",");
	client(o, id);
	out_text(o, ",\"success\":true}");
}

void server_message_signal_begin(struct out *o, enum client_action action, const struct name *room_id,
				 const struct client_id *id, const struct name *sender, struct span target)
{
	begin(o, client_action_text(action));
	room_and_member(o, room_id, id, sender);
	if (target.at != NULL) {
		out_text(o, ",\"target\":");
		out_bytes(o, target.at, target.length);
	}
	out_text(o, ",\"data\":");
}

void server_message_pong_begin(struct out *o, bool has_data)
{
	begin(o, "pong");
	if (has_data)
		out_text(o, ",\"data\":");
}

void server_message_error(struct out *o, const struct complaint *complaint)
{
	begin(o, "error");
	out_text(o, ",\"code\":");
	out_text(o, "\"");
	out_text(o, error_code_text(complaint->code));
	out_text(o, "\",\"error\":");
	const char *sentence = error_code_sentence(complaint->code);
	out_json_string(o, sentence, strlen(sentence));
	out_text(o, ",\"details\":");
	out_json_string(o, complaint->details, strnlen(complaint->details, sizeof complaint->details));
	out_text(o, "}");
}

void server_message_seq(struct out *o, uint64_t seq)
{
	out_text(o, "{\"seq\":");
	out_unsigned(o, seq);
	out_text(o, ",");
}
