/*
 * relay - what is to be done with a member's message: text in, routing decision out.
 * Process: roomd.  Pure: reads the ledger, changes nothing.
 */
#ifndef RELAY_H
#define RELAY_H

#include "client_message.h"
#include "ledger.h"

enum relay_kind {
	RELAY_TO_OTHERS, /* the signal goes to every other member */
	RELAY_TO_ONE,    /* ... to the member in seat `target` */
	RELAY_PONG,
	RELAY_LEAVE,
	RELAY_ICE,    /* it wants fresh STUN and TURN servers */
	RELAY_ACK,    /* it has seen message number `seq` */
	RELAY_REFUSE, /* answer the complaint */
};

struct relay_decision {
	enum relay_kind kind;
	unsigned target;
	struct client_message message; /* its spans point into the text; on RELAY_REFUSE only n and bad_n are set */
	struct complaint complaint;    /* on RELAY_REFUSE */
};

/* Decides on text[0..n), well-formed UTF-8, sent by the member in seat `from`. A target is a client_id (which wins) or
 * a label that only one other member bears (PROTOCOL, client to server). */
void relay_decide(const struct ledger *ledger, unsigned from, const char *text, size_t n, struct relay_decision *ret);

#endif
