/*
 * test_roomctl_ladder - roomctl_ladder.c: each thing that may be missing in a call, by its own sentence.
 */
#include "roomctl_ladder.h"

#include "unit.h"

static const struct ladder_candidates none = {{0}};
static const struct ladder_candidates host = {{[LADDER_HOST] = 1}};
static const struct ladder_candidates srflx = {{[LADDER_SRFLX] = 1}};
static const struct ladder_candidates unknown = {{[LADDER_UNKNOWN] = 1}};

static struct ladder two(void)
{
	struct ladder l = {0};

	assert_int_equal(ladder_member(&l, "aaaaaaaaaaaa", "alice"), 0);
	assert_int_equal(ladder_member(&l, "bbbbbbbbbbbb", "bob"), 1);
	assert_int_equal(ladder_member(&l, "aaaaaaaaaaaa", "alice"), 0);
	return l;
}

static void offer(struct ladder *l, unsigned from)
{
	ladder_signal(l, from, LADDER_MEMBERS, LADDER_OFFER, &none);
}

static void answer(struct ladder *l, unsigned from)
{
	ladder_signal(l, from, LADDER_MEMBERS, LADDER_ANSWER, &none);
}

static void candidate(struct ladder *l, unsigned from, const struct ladder_candidates *c)
{
	ladder_signal(l, from, LADDER_MEMBERS, LADDER_CANDIDATE, c);
}

static void check(const struct ladder *l, enum ladder_verdict verdict, const char *sentence)
{
	struct ladder_finding findings[8];

	assert_int_equal(ladder_findings(l, findings, 8), 1);
	if (findings[0].verdict != verdict)
		fail_msg("%s: %s", ladder_verdict_text(findings[0].verdict), findings[0].sentence);
	assert_memory_equal(findings[0].sentence, sentence, strlen(sentence));
}

static void test_each(void **state)
{
	struct ladder l = two();

	(void)state;
	check(&l, LADDER_NO_OFFER, "No offer: ");
	offer(&l, 0);
	candidate(&l, 0, &host);
	check(&l, LADDER_NO_ANSWER, "No answer: alice has sent an offer, and bob has not answered it.");
	answer(&l, 1);
	check(&l, LADDER_NO_CANDIDATES, "No candidates one way: bob has sent none");
	candidate(&l, 1, &srflx);
	check(&l, LADDER_HOST_ONLY, "Host candidates only from alice");
	candidate(&l, 0, &srflx);
	check(&l, LADDER_COMPLETE, "alice and bob: ");
	ladder_leave(&l, "bbbbbbbbbbbb");
	check(&l, LADDER_PEER_GONE, "The peer is gone: bob has left, and alice");
	ladder_leave(&l, "aaaaaaaaaaaa");
	check(&l, LADDER_ALONE, "Nobody");
}

static void test_glare(void **state)
{
	struct ladder l = two();

	(void)state;
	offer(&l, 0);
	offer(&l, 1);
	check(&l, LADDER_GLARE, "Glare: alice and bob");
	answer(&l, 1); /* bob has taken his own back */
	candidate(&l, 0, &unknown);
	candidate(&l, 1, &unknown);
	check(&l, LADDER_COMPLETE, "");
}

static void test_host_only_both(void **state)
{
	struct ladder l = two();

	(void)state;
	offer(&l, 0);
	answer(&l, 1);
	check(&l, LADDER_NO_CANDIDATES, "Neither alice nor bob");
	candidate(&l, 0, &host);
	candidate(&l, 1, &host);
	check(&l, LADDER_HOST_ONLY, "Host candidates only from both");
}

/* What was before we looked counts. */
static void test_before(void **state)
{
	struct ladder l = two();
	const uint64_t asked[LADDER_SIGNALS] = {2, 0, 3};
	const uint64_t answered[LADDER_SIGNALS] = {0, 1, 0};

	(void)state;
	ladder_before(&l, 0, asked, &srflx);
	ladder_before(&l, 1, answered, &none);
	ladder_begun(&l);
	check(&l, LADDER_NO_ANSWER, "No answer: alice");
}

static void test_three(void **state)
{
	struct ladder l = two();
	struct ladder_finding findings[8];

	(void)state;
	ladder_member(&l, "cccccccccccc", "");
	assert_string_equal(l.members[2].name, "cccccccc");
	ladder_signal(&l, 0, 2, LADDER_OFFER, &none);
	assert_int_equal(ladder_findings(&l, findings, 8), 3);
	assert_int_equal(findings[0].verdict, LADDER_NO_OFFER);
	assert_int_equal(findings[1].verdict, LADDER_NO_ANSWER);
	assert_int_equal(findings[2].verdict, LADDER_NO_OFFER);
	assert_int_equal(ladder_findings(&l, findings, 1), 1);
	for (unsigned i = 3; i < LADDER_MEMBERS; i++)
		ladder_member(&l, (char[]){(char)('a' + i), '\0'}, "");
	assert_int_equal(ladder_member(&l, "another", ""), LADDER_MEMBERS);
	offer(&l, LADDER_MEMBERS); /* is of nobody we follow */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each),   cmocka_unit_test(test_glare), cmocka_unit_test(test_host_only_both),
	    cmocka_unit_test(test_before), cmocka_unit_test(test_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
