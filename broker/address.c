/* address - what one address does. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "broker.h"

static int address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a->key, b->key, sizeof(a->key));
}

TREE_GENERATE(address_tree, address, link, address_compare)

static void key_of(const struct sockaddr_storage *peer, uint8_t key[16])
{
	memset(key, 0, 16);
	if (peer->ss_family == AF_INET6) {
		const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
		memcpy(key, a->s6_addr, IN6_IS_ADDR_V4MAPPED(a) ? 16 : 8);
	} else if (peer->ss_family == AF_INET) {
		key[10] = key[11] = 0xff;
		memcpy(key + 12, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
	}
}

static void address_free(struct address *a)
{
	loop_timer_cancel(&a->broker->loop, &a->timer);
	RB_REMOVE(address_tree, &a->broker->addresses, a);
	free(a);
}

static void on_forgiven(struct timer *timer)
{
	struct address *a = container_of(timer, struct address, timer);

	if (a->connections == 0)
		address_free(a);
}

struct address *address_take(struct broker *broker, const struct sockaddr_storage *peer)
{
	uint8_t key[16];

	key_of(peer, key);
	return address_take_key(broker, key);
}

struct address *address_take_key(struct broker *broker, const uint8_t key[16])
{
	struct address *fresh = calloc(1, sizeof(*fresh));

	if (!fresh)
		return NULL;
	memcpy(fresh->key, key, sizeof(fresh->key));
	struct address *a = RB_INSERT(address_tree, &broker->addresses, fresh);
	if (a) {
		free(fresh);
	} else {
		a = fresh;
		a->broker = broker;
		a->timer.on = on_forgiven;
	}
	a->connections++;
	return a;
}

void address_put(struct address *a)
{
	const struct settings *s = &a->broker->settings;

	if (--a->connections > 0)
		return;
	if (a->joins.spent_milli == 0 || !s->join_rate)
		address_free(a);
	else /* a new connection must not find its joins forgiven */
		loop_timer_set(&a->broker->loop, &a->timer, a->joins.at_ms + s->join_burst * 1000 / s->join_rate);
}

bool address_take_join(struct address *a)
{
	const struct settings *s = &a->broker->settings;

	return bucket_take(&a->joins, a->broker->loop.now_ms, (uint32_t)s->join_rate, (uint32_t)s->join_burst, 1);
}

void address_free_all(struct broker *broker)
{
	for (struct address *a; (a = RB_MIN(address_tree, &broker->addresses)) != NULL;)
		address_free(a);
}
