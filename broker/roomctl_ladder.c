/* roomctl_ladder - what has been signaled in a room so far, and what is missing. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "roomctl_ladder.h"

const char *ladder_verdict_text(enum ladder_verdict verdict)
{
	static const char *const texts[] = {
#define X(name, text) text,
	    LADDER_VERDICTS(X)
#undef X
	};

	return texts[verdict];
}

unsigned ladder_member(struct ladder *l, const char *id, const char *label)
{
	unsigned i = 0;

	while (i < l->count && strcmp(l->members[i].id, id) != 0)
		i++;
	if (i == LADDER_MEMBERS)
		return i;
	if (i == l->count) {
		l->count++;
		snprintf(l->members[i].id, sizeof(l->members[i].id), "%s", id);
		if (*label)
			snprintf(l->members[i].name, sizeof(l->members[i].name), "%s", label);
		else
			snprintf(l->members[i].name, sizeof(l->members[i].name), "%.8s", id);
		l->members[i].present = true;
	}
	return i;
}

void ladder_leave(struct ladder *l, const char *id)
{
	for (unsigned i = 0; i < l->count; i++)
		if (strcmp(l->members[i].id, id) == 0)
			l->members[i].present = false;
}

/* --- what is sent --- */

static void add(struct ladder_flow *flow, const struct ladder_candidates *candidates)
{
	for (int i = 0; i < LADDER_TYPES; i++)
		flow->candidates.of[i] += candidates->of[i];
}

static void send_one(struct ladder *l, unsigned from, unsigned to, enum ladder_signal signal,
		     const struct ladder_candidates *candidates)
{
	struct ladder_flow *there = &l->flows[from][to];
	struct ladder_flow *back = &l->flows[to][from];

	there->signals[signal]++;
	add(there, candidates);
	if (signal == LADDER_OFFER)
		there->open = true;
	if (signal == LADDER_ANSWER) {
		back->open = false;
		there->open = false; /* who answers in a glare has taken its own offer back */
	}
}

void ladder_signal(struct ladder *l, unsigned from, unsigned to, enum ladder_signal signal,
		   const struct ladder_candidates *candidates)
{
	if (from >= l->count)
		return;
	for (unsigned i = 0; i < l->count; i++)
		if (i != from && (i == to || (to >= l->count && l->members[i].present)))
			send_one(l, from, i, signal, candidates);
}

void ladder_before(struct ladder *l, unsigned from, const uint64_t signals[LADDER_SIGNALS],
		   const struct ladder_candidates *candidates)
{
	for (unsigned to = 0; from < l->count && to < LADDER_MEMBERS; to++) {
		struct ladder_flow *flow = &l->flows[from][to];
		memcpy(flow->signals, signals, sizeof(flow->signals));
		flow->candidates = *candidates;
	}
}

void ladder_begun(struct ladder *l)
{
	for (unsigned a = 0; a < l->count; a++)
		for (unsigned b = 0; b < l->count; b++)
			l->flows[a][b].open =
			    a != b && l->flows[a][b].signals[LADDER_OFFER] > l->flows[b][a].signals[LADDER_ANSWER];
}

/* --- what is missing --- */

static uint64_t candidates_of(const struct ladder_flow *flow)
{
	uint64_t sum = 0;

	for (int i = 0; i < LADDER_TYPES; i++)
		sum += flow->candidates.of[i];
	return sum;
}

static bool is_host_only(const struct ladder_flow *flow)
{
	return flow->candidates.of[LADDER_HOST] > 0 && candidates_of(flow) == flow->candidates.of[LADDER_HOST];
}

__attribute__((format(printf, 5, 6))) static void find(struct ladder_finding *f, enum ladder_verdict verdict,
						       unsigned a, unsigned b, const char *format, ...)
{
	va_list arguments;

	f->verdict = verdict;
	f->a = a;
	f->b = b;
	va_start(arguments, format);
	vsnprintf(f->sentence, sizeof(f->sentence), format, arguments);
	va_end(arguments);
}

/* Offer and answer are there: do candidates go both ways? */
static void judge_candidates(const struct ladder *l, unsigned a, unsigned b, struct ladder_finding *f)
{
	const struct ladder_flow *there = &l->flows[a][b], *back = &l->flows[b][a];
	const char *one = l->members[a].name, *two = l->members[b].name;
	uint64_t from_one = candidates_of(there), from_two = candidates_of(back);

	if (from_one == 0 && from_two == 0)
		find(f, LADDER_NO_CANDIDATES, a, b,
		     "Neither %s nor %s has sent a candidate: they know nothing of how to reach each other.", one, two);
	else if (from_one == 0 || from_two == 0)
		find(f, LADDER_NO_CANDIDATES, a, b,
		     "No candidates one way: %s has sent none, so %s does not know how to reach it.",
		     from_one ? two : one, from_one ? one : two);
	else if (is_host_only(there) || is_host_only(back))
		find(
		    f, LADDER_HOST_ONLY, a, b,
		    "Host candidates only from %s: without a STUN or TURN server, this works within one network alone.",
		    !is_host_only(back)   ? one
		    : is_host_only(there) ? "both"
					  : two);
	else
		find(f, LADDER_COMPLETE, a, b,
		     "%s and %s: offer, answer, and candidates both ways; what fails now is not the signaling.", one,
		     two);
}

static void judge_pair(const struct ladder *l, unsigned a, unsigned b, struct ladder_finding *f)
{
	const struct ladder_flow *there = &l->flows[a][b], *back = &l->flows[b][a];
	const char *one = l->members[a].name, *two = l->members[b].name;

	if (!l->members[a].present || !l->members[b].present) {
		bool one_is_gone = !l->members[a].present;
		find(f, LADDER_PEER_GONE, a, b, "The peer is gone: %s has left, and %s has nobody to talk to.",
		     one_is_gone ? one : two, one_is_gone ? two : one);
	} else if (there->open && back->open) {
		find(f, LADDER_GLARE, a, b,
		     "Glare: %s and %s have both sent an offer, and neither has answered; one must take its own back.",
		     one, two);
	} else if (!there->signals[LADDER_OFFER] && !back->signals[LADDER_OFFER]) {
		find(f, LADDER_NO_OFFER, a, b, "No offer: neither %s nor %s has called the other.", one, two);
	} else if (there->open || back->open) {
		find(f, LADDER_NO_ANSWER, a, b, "No answer: %s has sent an offer, and %s has not answered it.",
		     there->open ? one : two, there->open ? two : one);
	} else {
		judge_candidates(l, a, b, f);
	}
}

unsigned ladder_findings(const struct ladder *l, struct ladder_finding *findings, unsigned max)
{
	unsigned count = 0;
	unsigned present = 0;

	for (unsigned a = 0; a < l->count; a++)
		present += l->members[a].present;
	for (unsigned a = 0; a < l->count; a++)
		for (unsigned b = a + 1; b < l->count && count < max; b++) {
			/* Of those who have left, only whom it leaves alone is worth a word. */
			if (!l->members[a].present + !l->members[b].present > (present == 1))
				continue;
			judge_pair(l, a, b, &findings[count++]);
		}
	if (count == 0 && max > 0 && present <= 1) {
		find(&findings[0], LADDER_ALONE, 0, 0,
		     present ? "%s is alone: there is nobody to call." : "Nobody is in the room%.0s.",
		     l->count ? l->members[0].name : "");
		count = 1;
	}
	return count;
}
