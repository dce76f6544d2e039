/*
 * test_log_journal - log_journal.c, against a journal of our own.
 */
#include "log_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

static void test_entry(void **state)
{
	char directory[] = "/tmp/video-signaling-test-XXXXXX";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char entry[4096];
	int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	static const char details[] = "room=\"a b\" client=5f0c lone members=2";

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/journal", directory);
	assert_false(log_journal_open(address.sun_path));
	assert_false(log_journal_send('6', "broker", "joined", details, strlen(details)));
	assert_int_equal(bind(journal, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_true(log_journal_open(address.sun_path));
	assert_true(log_journal_send('6', "broker", "joined", details, strlen(details)));
	ssize_t n = read(journal, entry, sizeof(entry));
	assert_text(
	    entry, (size_t)n,
	    "SYSLOG_IDENTIFIER=video-signaling\nPRIORITY=6\nMESSAGE=broker: joined room=\"a b\" client=5f0c lone "
	    "members=2\nVIDEO_SIGNALING_PROCESS=broker\nVIDEO_SIGNALING_EVENT=joined\n"
	    "VIDEO_SIGNALING_ROOM=a b\nVIDEO_SIGNALING_CLIENT=5f0c\nVIDEO_SIGNALING_MEMBERS=2\n");
	assert_true(log_journal_send('3', "broker", "stopped", "", 0));
	n = read(journal, entry, sizeof(entry));
	assert_text(entry, (size_t)n,
		    "SYSLOG_IDENTIFIER=video-signaling\nPRIORITY=3\nMESSAGE=broker: stopped\n"
		    "VIDEO_SIGNALING_PROCESS=broker\nVIDEO_SIGNALING_EVENT=stopped\n");
	close(journal);
	assert_false(log_journal_send('6', "broker", "joined", "", 0)); /* and the line goes to stderr */
	unlink(address.sun_path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_entry)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
