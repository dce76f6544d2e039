/* The registry: no choice of names makes a look-up slow. */
#include "registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "unit.h"

#define ROOMS 100000
#define LOOKUPS 100000

struct world {
	struct registry registry;
	struct room *rooms;
};

/* What somebody would choose who hopes for a weak hash, or for long comparisons: names that differ at their end. */
static struct name crafted_name(unsigned i)
{
	struct name name = {.length = LIMIT_NAME_BYTES};

	memset(name.bytes, 'A', sizeof(name.bytes));
	for (unsigned at = LIMIT_NAME_BYTES; i > 0; i /= 16)
		name.bytes[--at] = (char)('A' + i % 16);
	return name;
}

/* As long, and as different as names are. */
static struct name random_name(unsigned i)
{
	struct name name = {.length = LIMIT_NAME_BYTES};
	uint32_t state = i * 2654435761U + 1;

	for (unsigned at = 0; at < LIMIT_NAME_BYTES; at++) {
		state = state * 1664525U + 1013904223U;
		name.bytes[at] = (char)('A' + (state >> 24) % 26);
	}
	return name;
}

static void fill(struct world *w, struct name (*make)(unsigned i))
{
	registry_init(&w->registry);
	w->rooms = calloc(ROOMS, sizeof(*w->rooms));
	assert_non_null(w->rooms);
	for (unsigned i = 0; i < ROOMS; i++) {
		w->rooms[i].id = make(i);
		registry_add(&w->registry, &w->rooms[i]);
	}
	assert_int_equal(w->registry.count, ROOMS);
}

static unsigned height(const struct room *room)
{
	if (!room)
		return 0;
	unsigned left = height(RB_LEFT(room, registry_link));
	unsigned right = height(RB_RIGHT(room, registry_link));
	return 1 + (left > right ? left : right);
}

/* Nanoseconds a look-up, the least of five. */
static double time_lookups(struct world *w)
{
	double least = 1e9;

	for (int round = 0; round < 5; round++) {
		struct timespec begin, end;
		uint32_t state = 1;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		for (unsigned i = 0; i < LOOKUPS; i++) {
			state = state * 1664525U + 1013904223U;
			struct room *room = &w->rooms[(state >> 8) % ROOMS];
			assert_ptr_equal(registry_find(&w->registry, &room->id), room);
		}
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
		least = fmin(least, ns / LOOKUPS);
	}
	return least;
}

static void test_hash_flooding(void **state)
{
	struct world crafted, random;

	(void)state;
	fill(&crafted, crafted_name);
	fill(&random, random_name);
	/* A red-black tree is at most twice as high as it need be. */
	assert_true(height(RB_ROOT(&crafted.registry.rooms)) <= 2 * 17);
	double crafted_ns = time_lookups(&crafted);
	double random_ns = time_lookups(&random);
	free(crafted.rooms);
	free(random.rooms);
	print_message("a look-up among %d: crafted names %.0f ns, random %.0f ns\n", ROOMS, crafted_ns, random_ns);
	skip_under_valgrind();
	assert_true(crafted_ns <= 2 * random_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_hash_flooding)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
