/*
 * roomctl_ladder - what has been signaled in a room so far, and, in words, what is missing.
 * Process: roomctl.  Pure.
 */
#ifndef ROOMCTL_LADDER_H
#define ROOMCTL_LADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Members that are followed; of a larger room, the first. */
#define LADDER_MEMBERS 8

#define LADDER_NAME_BYTES 96

enum ladder_signal { LADDER_OFFER, LADDER_ANSWER, LADDER_CANDIDATE, LADDER_SIGNALS };

/* How many candidates of which type; the last are those whose type can't be told. */
enum ladder_type { LADDER_HOST, LADDER_SRFLX, LADDER_PRFLX, LADDER_RELAY, LADDER_UNKNOWN, LADDER_TYPES };

struct ladder_candidates {
	uint64_t of[LADDER_TYPES];
};

/* What one member has sent to another. */
struct ladder_flow {
	uint64_t signals[LADDER_SIGNALS];
	struct ladder_candidates candidates;
	bool open; /* an offer that was not answered */
};

struct ladder_member {
	char id[40];
	char name[LADDER_NAME_BYTES]; /* for people: the label, or the id's first digits */
	bool present;
};

struct ladder {
	struct ladder_member members[LADDER_MEMBERS];
	unsigned count;
	struct ladder_flow flows[LADDER_MEMBERS][LADDER_MEMBERS]; /* [from][to] */
};

/*  name             code */
#define LADDER_VERDICTS(X)                                                                                             \
	X(COMPLETE, "complete")                                                                                        \
	X(ALONE, "alone")                                                                                              \
	X(PEER_GONE, "peer-gone")                                                                                      \
	X(GLARE, "glare")                                                                                              \
	X(NO_OFFER, "no-offer")                                                                                        \
	X(NO_ANSWER, "no-answer")                                                                                      \
	X(NO_CANDIDATES, "no-candidates")                                                                              \
	X(HOST_ONLY, "host-only")

enum ladder_verdict {
#define X(name, ...) LADDER_##name,
	LADDER_VERDICTS(X)
#undef X
};

struct ladder_finding {
	enum ladder_verdict verdict;
	unsigned a, b;      /* whom it is about */
	char sentence[400]; /* English, NUL-terminated */
};

/* Finds the member with this id, or adds it. Returns its index; LADDER_MEMBERS if there are too many. */
unsigned ladder_member(struct ladder *ladder, const char *id, const char *label);

void ladder_leave(struct ladder *ladder, const char *id);

/* One signal; `to` LADDER_MEMBERS: to all others. An offer's and an answer's candidates count as sent too. */
void ladder_signal(struct ladder *ladder, unsigned from, unsigned to, enum ladder_signal signal,
		   const struct ladder_candidates *candidates);

/* What a member had sent before we looked. After the last: ladder_begun(). */
void ladder_before(struct ladder *ladder, unsigned from, const uint64_t signals[LADDER_SIGNALS],
		   const struct ladder_candidates *candidates);
void ladder_begun(struct ladder *ladder);

/* Says what is missing, pair by pair: fills findings[0..max), returns how many there are. */
unsigned ladder_findings(const struct ladder *ladder, struct ladder_finding *findings, unsigned max);

/* "no-answer" */
const char *ladder_verdict_text(enum ladder_verdict verdict);

#endif
