/*
 * allowance - how much a client may send: messages and bytes a second, with bursts, and what becomes of one that sends
 * more. Process: broker (lobby), roomd.  Pure: the caller gives the time.
 */
#ifndef ALLOWANCE_H
#define ALLOWANCE_H

#include "ipc_messages.h"
#include "ws.h"

enum allowance_verdict {
	ALLOWANCE_GRANTED,
	ALLOWANCE_REFUSED, /* answer `rate-limited`, do nothing else */
	ALLOWANCE_FLOOD,   /* refused too often: close the connection */
};

/* Takes what a stream's event has cost: its frames (a message in fragments is as many as those) and their bytes. */
enum allowance_verdict allowance_take(struct ipc_allowance *a, const struct ipc_open *limits, uint64_t now_ms,
				      const struct ws_event *event);

/* Notes a message that was refused for `code`. Returns false when the client has sent too many that should not have
 * been sent at all (rather than at another moment). */
bool allowance_note_refusal(struct ipc_allowance *a, const struct ipc_open *limits, enum error_code code);

/* Sets *complaint to the `rate-limited` that says what would be right. */
void allowance_complain(struct complaint *complaint, const struct ipc_open *limits);

#endif
