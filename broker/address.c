/* address - what one address does. */
#include <stdlib.h>
#include <string.h>

#include "broker.h"

static int address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a->key, b->key, sizeof(a->key));
}

TREE_GENERATE(address_tree, address, link, address_compare)

static void key_of(const struct peer *peer, uint8_t key[16])
{
	static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};

	memset(key, 0, 16);
	memcpy(key, peer->ip, memcmp(peer->ip, mapped, sizeof(mapped)) == 0 ? 16 : 8);
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

	if (a->connections == 0 && a->seats == 0)
		address_free(a);
}

struct address *address_take(struct broker *broker, const struct peer *peer)
{
	struct address *fresh = calloc(1, sizeof(*fresh));

	if (!fresh)
		return NULL;
	key_of(peer, fresh->key);
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

static void free_if_unused(struct address *a)
{
	const struct settings *s = &a->broker->settings;

	if (a->connections > 0 || a->seats > 0)
		return;
	if (a->joins.spent_milli == 0 || !s->join_rate)
		address_free(a);
	else /* a new connection must not find its joins forgiven */
		loop_timer_set(&a->broker->loop, &a->timer, a->joins.at_ms + s->join_burst * 1000 / s->join_rate);
}

void address_put(struct address *a)
{
	a->connections--;
	free_if_unused(a);
}

bool address_may_hold(const struct address *a)
{
	uint64_t most = a->broker->settings.address_connections;

	return most == 0 || a->seats < most;
}

void address_hold(struct address *a)
{
	a->seats++;
}

void address_release(struct address *a)
{
	a->seats--;
	free_if_unused(a);
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
