/*
 * address - what one address does: connections and joins. An IPv6 address stands for its /64, which is what one
 * customer gets. Process: broker.  Owns: the records, each until its last connection and kept seat have gone and its
 * joins are forgiven.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdint.h>

#include "bucket.h"
#include "loop.h"
#include "peer.h"

struct broker;

struct address {
	RB_ENTRY(address) link;
	uint8_t key[16]; /* IPv6, or IPv4 mapped into it (RFC 4291, 2.5.5.2) */
	unsigned connections;
	unsigned seats; /* that may be resumed, by whoever took them from here */
	struct bucket joins;
	struct timer timer; /* when a record without connections is not needed any more */
	struct broker *broker;
};

RB_HEAD(address_tree, address);

/* Finds or makes the record of a peer's address and counts a connection to it. Returns NULL without memory. Peers on
 * Unix sockets share one record. */
struct address *address_take(struct broker *broker, const struct peer *peer);

/* Counts a connection less; the record may be gone after this. */
void address_put(struct address *address);

/* May one more seat be kept for this address? As many as it may have connections: then whoever drops them one after the
 * other holds no more than that. */
bool address_may_hold(const struct address *address);

/* Counts such a seat more, or less (the record may be gone after that). */
void address_hold(struct address *address);
void address_release(struct address *address);

/* May this address join once more now? */
bool address_take_join(struct address *address);

void address_free_all(struct broker *broker);

#endif
