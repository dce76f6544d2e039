/*
 * address - what one address does: connections and joins. An IPv6 address stands for its /64, which is what one
 * customer gets. Process: broker.  Owns: the records, each until its last connection has gone and its joins are
 * forgiven.
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

/* May this address join once more now? */
bool address_take_join(struct address *address);

void address_free_all(struct broker *broker);

#endif
