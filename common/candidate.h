/*
 * candidate - how many ICE candidates of which type a signal carries, for who wants to know why a call fails.
 * Process: roomd (counts), broker.  Pure.
 * Never:   gives away anything else of what it looks at: addresses least of all.
 */
#ifndef CANDIDATE_H
#define CANDIDATE_H

#include <stddef.h>
#include <stdint.h>

/* RFC 8839, 5.1: cand-type. */
#define CANDIDATE_TYPES(X)                                                                                             \
	X(HOST, "host")                                                                                                \
	X(SRFLX, "srflx")                                                                                              \
	X(PRFLX, "prflx")                                                                                              \
	X(RELAY, "relay")

enum candidate_type {
#define X(name, text) CANDIDATE_##name,
	CANDIDATE_TYPES(X)
#undef X
	    CANDIDATE_TYPES_COUNT
};

struct candidate_counts {
	uint32_t of[CANDIDATE_TYPES_COUNT];
};

/* Counts the candidates in data[0..n), raw JSON: every `typ` between blanks with a known type behind it. */
struct candidate_counts candidate_count(const char *data, size_t n);

/* "host" ... */
const char *candidate_type_text(enum candidate_type type);

#endif
