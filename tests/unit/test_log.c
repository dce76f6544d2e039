/*
 * test_log - log.c. Its clock is ours (linked with --wrap), its stderr a pipe.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static struct timespec fake_now;
static int pipe_fds[2];

int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	(void)id;
	*ret = fake_now;
	return 0;
}

/* What was logged since the last time, in a static buffer. */
static const char *logged(void)
{
	static char text[100000]; /* more than the pipe holds */
	ssize_t n = read(pipe_fds[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void configure(enum log_level level, enum log_names names, enum log_format format)
{
	struct log_config config = {
	    .process = "broker", .level = level, .names = names, .format = format, .key = {1, 2, 3}};

	log_init(&config);
}

/* cmocka prints to stderr, so that is a pipe only within a test. */
static int real_stderr;

static int set_up(void **state)
{
	(void)state;
	/* Seconds pass between tests, so that no rate limit reaches from one into the next. */
	fake_now = (struct timespec){.tv_sec = 1795428000, .tv_nsec = 123456789};
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
	configure(LOG_LEVEL_INFO, LOG_NAMES_PLAIN, LOG_FORMAT_TEXT);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return 0;
}

static void test_line(void **state)
{
	(void)state;
	errno = 77;
	log_info("joined", "room=%s members=%d", log_name("ab12", 4).text, 2);
	assert_int_equal(errno, 77);
	assert_string_equal(logged(), "2026-11-23T10:00:00.123Z info  broker: joined room=\"ab12\" members=2\n");
	log_error("stopped", "");
	assert_string_equal(logged(), "2026-11-23T10:00:00.123Z error broker: stopped\n");
}

static void test_dates(void **state)
{
	static const struct {
		time_t at;
		const char *date;
	} dates[] = {
	    {0, "1970-01-01T00:00:00"},          {951782400, "2000-02-29T00:00:00"},
	    {951868800, "2000-03-01T00:00:00"},  {1709251199, "2024-02-29T23:59:59"},
	    {1735689599, "2024-12-31T23:59:59"}, {1735689600, "2025-01-01T00:00:00"},
	    {4107542400, "2100-03-01T00:00:00"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(dates); i++) {
		fake_now.tv_sec = dates[i].at;
		log_info("x", "");
		assert_memory_equal(logged(), dates[i].date, strlen(dates[i].date));
	}
}

static void test_level(void **state)
{
	(void)state;
	log_debug("hidden", "");
	assert_string_equal(logged(), "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("shown", "");
	log_trace("hidden", "");
	assert_string_equal(logged(), "2026-11-23T10:00:00.123Z debug broker: shown\n");
	assert_true(log_on(LOG_LEVEL_DEBUG));
	assert_false(log_on(LOG_LEVEL_TRACE));
}

static void test_journal_format(void **state)
{
	struct stat st;
	char stream[64];

	(void)state;
	configure(LOG_LEVEL_TRACE, LOG_NAMES_PLAIN, LOG_FORMAT_JOURNAL);
	log_error("a", "");
	log_warn("b", "n=%d", 1);
	log_info("c", "");
	log_debug("d", "");
	log_trace("e", "");
	assert_string_equal(logged(), "<3>broker: a\n<4>broker: b n=1\n<6>broker: c\n<7>broker: d\n<7>broker: e\n");

	setenv("JOURNAL_STREAM", "1:2", 1); /* another stream's */
	configure(LOG_LEVEL_INFO, LOG_NAMES_PLAIN, LOG_FORMAT_AUTO);
	assert_int_equal(log_format_in_force(), LOG_FORMAT_TEXT);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	configure(LOG_LEVEL_INFO, LOG_NAMES_PLAIN, LOG_FORMAT_AUTO);
	assert_int_equal(log_format_in_force(), LOG_FORMAT_JOURNAL);
	setenv("JOURNAL_STREAM", "nonsense", 1);
	configure(LOG_LEVEL_INFO, LOG_NAMES_PLAIN, LOG_FORMAT_AUTO);
	assert_int_equal(log_format_in_force(), LOG_FORMAT_TEXT);
	unsetenv("JOURNAL_STREAM");
}

/* One object a line, whatever is in it, and however long. */
static void test_json_format(void **state)
{
	char big[4096];
	const char *line;

	(void)state;
	configure(LOG_LEVEL_INFO, LOG_NAMES_PLAIN, LOG_FORMAT_JSON);
	log_info("joined", "room=%s client=5f0c members=%d lone", log_name("a \"b", 4).text, 2);
	assert_string_equal(logged(),
			    "{\"time\":\"2026-11-23T10:00:00.123Z\",\"level\":\"info\",\"process\":\"broker\","
			    "\"event\":\"joined\",\"room\":\"a \\\\x22b\",\"client\":\"5f0c\",\"members\":2,"
			    "\"text\":\"lone\"}\n");
	log_error("stopped", "");
	assert_string_equal(logged(),
			    "{\"time\":\"2026-11-23T10:00:00.123Z\",\"level\":\"error\",\"process\":\"broker\","
			    "\"event\":\"stopped\"}\n");
	memset(big, '\\', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info("x", "n=1 a=%s", big);
	line = logged();
	assert_true(strlen(line) < LOG_LINE_BYTES);
	assert_string_equal(line + strlen(line) - 8, ",\"n\":1}\n");
}

static void test_always(void **state)
{
	(void)state;
	configure(LOG_LEVEL_ERROR, LOG_NAMES_PLAIN, LOG_FORMAT_TEXT);
	for (int i = 0; i < 30; i++) {
		log_always("kick", "uid=%d", i);
		assert_non_null(strstr(logged(), "kick uid="));
	}
}

static void test_names(void **state)
{
	char longest[LIMIT_NAME_BYTES];
	char hashed[LOG_NAME_BYTES];

	(void)state;
	assert_string_equal(log_name("a \"b\\\x1b[1m", 9).text, "\"a \\x22b\\x5c\\x1b[1m\"");
	memset(longest, 0x01, sizeof(longest));
	assert_int_equal(strlen(log_name(longest, sizeof(longest)).text), 2 + 4 * LIMIT_NAME_BYTES);
	assert_string_equal(log_name(NULL, 0).text, "-");

	configure(LOG_LEVEL_INFO, LOG_NAMES_HASHED, LOG_FORMAT_TEXT);
	strcpy(hashed, log_name("room", 4).text);
	assert_int_equal(strlen(hashed), 8);
	assert_int_equal(strspn(hashed, "0123456789abcdef"), 8);
	assert_string_equal(hashed, log_name("room", 4).text);
	assert_string_not_equal(hashed, log_name("rooM", 4).text);
	log_init(&(struct log_config){.process = "broker", .names = LOG_NAMES_HASHED, .key = {9}});
	assert_string_not_equal(hashed, log_name("room", 4).text);

	configure(LOG_LEVEL_INFO, LOG_NAMES_NONE, LOG_FORMAT_TEXT);
	assert_string_equal(log_name("room", 4).text, "-");
}

/* Whatever comes in, it is one line, and harmless. */
static void test_line_is_one_line(void **state)
{
	char big[4096];
	const char *line;

	(void)state;
	log_info("x", "a=%s", "1\n2\x1b[0m\x7f\xc2\x9b.");
	assert_string_equal(strstr(logged(), "a="), "a=1?2?[0m???.\n");

	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info("x", "%s", big);
	line = logged();
	assert_true(strlen(line) < LOG_LINE_BYTES);
	assert_string_equal(line + strlen(line) - 7, "yyy...\n");
}

static void log_many(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		log_info("many", "i=%u", i);
}

static unsigned count_lines(const char *text)
{
	unsigned count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void test_rate(void **state)
{
	const char *text;

	(void)state;
	log_many(1000);
	assert_int_equal(count_lines(logged()), LOG_SITE_BURST);
	fake_now.tv_nsec = 999000000;
	log_many(1000);
	log_flush();
	assert_string_equal(logged(), "");

	fake_now.tv_sec += 2;
	log_info("other", ""); /* another call site: it is not held back, and reports the first's */
	text = logged();
	assert_int_equal(count_lines(text), 2);
	assert_non_null(strstr(text, "warn  broker: many ... 1990 more held back\n"));
	assert_non_null(strstr(text, "broker: other\n"));

	log_many(1000);
	assert_int_equal(count_lines(logged()), LOG_SITE_BURST);
	fake_now.tv_sec += 1;
	log_flush();
	assert_non_null(strstr(logged(), "many ... 990 more held back\n"));
	log_flush();
	assert_string_equal(logged(), "");
}

/* A reader of stderr that has stopped reading holds nobody up. */
static void test_never_blocks(void **state)
{
	const char *text;

	(void)state;
	assert_int_equal(fcntl(pipe_fds[1], F_SETFL, 0), 0); /* blocking, as stderr is */
	for (unsigned i = 0; i < 5000; i++) {
		fake_now.tv_sec++;
		log_info("full", "i=%u", i);
	}
	text = logged();
	assert_true(count_lines(text) > 10);
	assert_true(count_lines(text) < 5000);
	log_info("full", "again");
	assert_non_null(strstr(logged(), "log lines-lost="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_line, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dates, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_level, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_journal_format, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_json_format, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_always, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_line_is_one_line, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_rate, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_never_blocks, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
