/* relay - what is to be done with a member's message. */
#include <string.h>

#include "relay.h"

static bool is_id(const struct seat *seat, const struct name *target)
{
	return target->length == LIMIT_CLIENT_ID_BYTES &&
	       memcmp(seat->id.text, target->bytes, LIMIT_CLIENT_ID_BYTES) == 0;
}

/* Finds the seat that `target` means. Returns ERROR_NONE or the complaint's code. */
static enum error_code find_target(const struct ledger *ledger, unsigned from, const struct name *target, unsigned *ret)
{
	unsigned bearers = 0;

	for (unsigned i = 0; i < ledger->top; i++) {
		const struct seat *seat = &ledger->seats[i];
		if (!seat_is_members(seat))
			continue;
		if (is_id(seat, target)) {
			*ret = i;
			return i == from ? ERROR_NO_SUCH_TARGET : ERROR_NONE;
		}
		if (i != from && name_equal(&seat->sender, target)) {
			*ret = i;
			bearers++;
		}
	}
	return bearers == 1 ? ERROR_NONE : bearers ? ERROR_AMBIGUOUS_TARGET : ERROR_NO_SUCH_TARGET;
}

static void decide_signal(const struct ledger *ledger, unsigned from, struct relay_decision *ret)
{
	ret->kind = RELAY_TO_OTHERS;
	if (!ret->message.target_name.length)
		return;
	ret->kind = RELAY_TO_ONE;
	switch (find_target(ledger, from, &ret->message.target_name, &ret->target)) {
	case ERROR_NONE:
		return;
	case ERROR_AMBIGUOUS_TARGET:
		complain(&ret->complaint, ERROR_AMBIGUOUS_TARGET,
			 "Several members bear this label: use the \"client_id\" of the one you mean as \"target\".");
		break;
	default:
		complain(&ret->complaint, ERROR_NO_SUCH_TARGET,
			 "\"target\" must be the \"client_id\" or the \"sender\" of another member of your room.");
		break;
	}
	ret->kind = RELAY_REFUSE;
}

void relay_decide(const struct ledger *ledger, unsigned from, const char *text, size_t n, struct relay_decision *ret)
{
	ret->kind = RELAY_REFUSE;
	ret->message.n = 0;
	ret->message.bad_n = false;
	if (client_message_parse(text, n, &ret->message, &ret->complaint) < 0)
		return;
	switch (ret->message.action) {
	case ACTION_JOIN:
		complain(&ret->complaint, ERROR_ALREADY_IN_ROOM, "Send \"leave\" first, then join the other room.");
		return;
	case ACTION_LEAVE:
		ret->kind = RELAY_LEAVE;
		return;
	case ACTION_PING:
		ret->kind = RELAY_PONG;
		return;
	case ACTION_ICE_SERVERS:
		ret->kind = RELAY_ICE;
		return;
	case ACTION_RESUME:
		complain(&ret->complaint, ERROR_ALREADY_IN_ROOM, "\"resume\" is for a new connection.");
		return;
	case ACTION_ACK:
		if (seat_is_resumable(&ledger->seats[from]))
			ret->kind = RELAY_ACK;
		else
			complain(&ret->complaint, ERROR_UNKNOWN_RESUME,
				 "There is nothing to confirm: this seat was not joined with \"resume\": true.");
		return;
	case ACTION_OFFER:
	case ACTION_ANSWER:
	case ACTION_ICE_CANDIDATE:
		decide_signal(ledger, from, ret);
		return;
	}
}
