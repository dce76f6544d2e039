/* candidate - how many ICE candidates of which type a signal carries. */
#include <string.h>

#include "candidate.h"

static const char *const texts[] = {
#define X(name, text) text,
    CANDIDATE_TYPES(X)
#undef X
};

const char *candidate_type_text(enum candidate_type type)
{
	return texts[type];
}

struct candidate_counts candidate_count(const char *data, size_t n)
{
	struct candidate_counts counts = {0};
	const char *end = data + n;
	const char *at = data;

	while (n > 0 && (at = memmem(at, (size_t)(end - at), " typ ", 5)) != NULL) {
		at += 4; /* the blank behind may be the one before the next */
		for (int type = 0; type < CANDIDATE_TYPES_COUNT; type++) {
			size_t length = strlen(texts[type]);
			if ((size_t)(end - at) > length && memcmp(at + 1, texts[type], length) == 0)
				counts.of[type]++;
		}
		n = (size_t)(end - at);
	}
	return counts;
}
