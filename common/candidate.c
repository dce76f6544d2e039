/* candidate - how many ICE candidates of which type a signal carries. */
#include <string.h>

#include "candidate.h"

static const struct {
	const char *text;
	size_t length;
} types[] = {
#define X(name, text) {text, sizeof(text) - 1},
    CANDIDATE_TYPES(X)
#undef X
};

const char *candidate_type_text(enum candidate_type type)
{
	return types[type].text;
}

/* Counts the one whose type stands at p, if it is a type. */
static void count_type(struct candidate_counts *counts, const char *p, size_t n)
{
	for (int type = 0; type < CANDIDATE_TYPES_COUNT; type++)
		if (n >= types[type].length && *p == *types[type].text &&
		    memcmp(p, types[type].text, types[type].length) == 0)
			counts->of[type]++;
}

struct candidate_counts candidate_count(const char *data, size_t n)
{
	struct candidate_counts counts = {0};
	const char *end = data + n;
	const char *y = data;

	/* What is looked for is the `y`, which is rare in a signal: memchr() is faster than memmem(), by far. */
	while (y < end && (y = memchr(y, 'y', (size_t)(end - y))) != NULL) {
		if (y - data >= 2 && end - y >= 3 && memcmp(y - 2, " typ ", 5) == 0)
			count_type(&counts, y + 3, (size_t)(end - y - 3));
		y++;
	}
	return counts;
}
