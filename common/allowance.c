/* allowance - how much a client may send. */
#include <stdio.h>

#include "allowance.h"

enum allowance_verdict allowance_take(struct ipc_allowance *a, const struct ipc_open *limits, uint64_t now_ms,
				      const struct ws_event *event)
{
	bool messages = bucket_take(&a->messages, now_ms, limits->message_rate, limits->message_burst, event->frames);
	bool bytes = bucket_take(&a->bytes, now_ms, limits->byte_rate, limits->byte_burst, event->bytes);
	uint32_t strikes = event->frames < LIMIT_STRIKES ? event->frames : LIMIT_STRIKES;

	if (messages && bytes)
		return ALLOWANCE_GRANTED;
	return bucket_take(&a->strikes, now_ms, LIMIT_STRIKES_FORGIVEN, LIMIT_STRIKES, strikes) ? ALLOWANCE_REFUSED
												: ALLOWANCE_FLOOD;
}

bool allowance_note_refusal(struct ipc_allowance *a, const struct ipc_open *limits, enum error_code code)
{
	switch (code) {
	case ERROR_INVALID_JSON:
	case ERROR_NOT_TEXT:
	case ERROR_MISSING_FIELD:
	case ERROR_INVALID_FIELD:
	case ERROR_UNKNOWN_ACTION:
		a->bad_messages++;
		return !limits->bad_messages_max || a->bad_messages <= limits->bad_messages_max;
	default:
		return true;
	}
}

void allowance_complain(struct complaint *complaint, const struct ipc_open *limits)
{
	char messages[64] = "any number of";
	char bytes[64] = "any number of";

	if (limits->message_rate)
		snprintf(messages, sizeof(messages), "%u (%u at once)", limits->message_rate, limits->message_burst);
	if (limits->byte_rate)
		snprintf(bytes, sizeof(bytes), "%u (%u at once)", limits->byte_rate, limits->byte_burst);
	complain(complaint, ERROR_RATE_LIMITED,
		 "This message was not looked at. In a second, a connection may send %s messages and %s bytes.",
		 messages, bytes);
}
