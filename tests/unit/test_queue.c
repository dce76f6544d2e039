/*
 * test_queue - queue.c: frames come out as they went in, wherever the queue lies; what is short lies in its seat.
 */
#include "queue.h"

#include <errno.h>

#include "unit.h"

#define SEAT 1
#define OTHER 2

static const struct ipc_open rooms = {.max_members = 2, .message_bytes_max = 1000, .queue_bytes_max = 5000};
static struct ledger *ledger;
static struct seat *seat;
/* What was appended since the stream began, and how much of it was written. */
static uint8_t expected[100000];
static size_t expected_length, written;

static int set_up(void **state)
{
	(void)state;
	ledger = calloc(1, ledger_size(&rooms));
	if (!ledger)
		return -1;
	ledger->open = rooms;
	seat = &ledger->seats[SEAT];
	expected_length = written = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(ledger);
	return 0;
}

static bool lies_in_seat(unsigned of)
{
	return ledger_queue(ledger, of) == ledger->seats[of].queue;
}

static int append(size_t length)
{
	static uint8_t payload[10000];
	static uint8_t next;

	memset(payload, ++next, length);
	/* In three parts, one of them empty. */
	struct iovec parts[3] = {{payload, length / 3}, {NULL, 0}, {payload, length - length / 3}};
	int error = queue_append(ledger, SEAT, WS_OP_TEXT, parts, 3);
	if (error < 0)
		return error;
	uint8_t *at = expected + expected_length;
	at += ws_header_write(at, WS_OP_TEXT, length);
	memcpy(at, payload, length);
	expected_length = (size_t)(at - expected) + length;
	return 0;
}

/* The queue is exactly what was appended and not written. */
static void assert_whole(void)
{
	assert_int_equal(seat->out_origin + seat->owed_at, written);
	assert_int_equal(seat->owed_end - seat->owed_at, expected_length - written);
	assert_memory_equal(ledger_queue(ledger, SEAT) + seat->owed_at, expected + written, expected_length - written);
}

static void write_out(size_t n)
{
	seat->owed_at += (uint32_t)n;
	written += n;
	if (seat->owed_at == seat->owed_end)
		queue_reset(ledger, SEAT);
}

static void test_short_lies_in_seat(void **state)
{
	(void)state;
	assert_int_equal(append(300), 0);
	assert_int_equal(append(200), 0);
	assert_true(lies_in_seat(SEAT));
	assert_whole();
	/* No other page is written to. */
	const uint8_t *behind = (const uint8_t *)ledger + ledger_data_offset(&rooms);
	for (const uint8_t *at = behind; at < (const uint8_t *)ledger + ledger_size(&rooms); at++)
		assert_int_equal(*at, 0);
}

static void test_a_room_of_three_is_on_a_page(void **state)
{
	(void)state;
	assert_true(sizeof(struct ledger) + 3 * sizeof(struct seat) <= 4096);
}

static void test_long_spills(void **state)
{
	(void)state;
	assert_int_equal(append(300), 0);
	write_out(100); /* in the middle of a frame, which is kept whole */
	assert_int_equal(append(600), 0);
	assert_false(lies_in_seat(SEAT));
	assert_whole();
	assert_int_equal(append(3000), 0);
	assert_whole();
	write_out(expected_length - written);
	assert_int_equal(append(10), 0); /* and what comes after it lies in the seat again */
	assert_true(lies_in_seat(SEAT));
	assert_whole();
}

static void test_long_from_the_start(void **state)
{
	(void)state;
	assert_int_equal(append(SEAT_QUEUE_BYTES), 0);
	assert_false(lies_in_seat(SEAT));
	assert_whole();
}

/* Whoever reads slowly never has the queue reset: what is written goes, and the rest moves up. */
static void test_moves_up(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(append(100), 0);
		assert_true(lies_in_seat(SEAT));
		assert_whole();
		write_out(i == 0 ? 50 : 102);
		assert_int_equal(ledger->moving, 0);
	}
	for (int i = 0; i < 100; i++) {
		assert_int_equal(append(700), 0);
		assert_whole();
		write_out(703);
	}
	assert_whole();
}

static void test_is_bounded(void **state)
{
	(void)state;
	while (append(600) == 0)
		assert_whole();
	assert_whole();
	assert_true(expected_length <= rooms.queue_bytes_max);
	assert_true(expected_length + 600 + 10 > rooms.queue_bytes_max);
	assert_int_equal(append(600), -ENOBUFS);
	write_out(expected_length);
	assert_int_equal(append(5500), 0); /* but a single one of any size is taken */
	assert_whole();
}

static void begin_frame_and_copy(size_t length)
{
	assert_int_equal(append(20), 0);
	write_out(10);
	assert_int_equal(append(length), 0);
	assert_int_equal(append(30), 0);
	seat->owed_at += 12 + 5; /* the rest of the first, and the beginning of the second */
	written += 12 + 5;
	queue_copy_begun(ledger, SEAT, OTHER);
	const struct seat *other = &ledger->seats[OTHER];
	size_t header = length < 126 ? 2 : 4;
	assert_int_equal(other->out_origin + other->owed_at, written);
	assert_int_equal(other->owed_end, header + length);
	assert_memory_equal(ledger_queue(ledger, OTHER), expected + 22, header + length);
	queue_append_close(ledger, OTHER, 1000, "bye");
	assert_memory_equal(ledger_queue(ledger, OTHER), expected + 22, header + length);
	assert_int_equal(other->owed_end, header + length + 2 + 2 + 3);
	queue_drop_unbegun(ledger, SEAT);
	assert_int_equal(seat->owed_end - seat->owed_boundary, header + length);
}

static void test_begun_frame_is_copied(void **state)
{
	(void)state;
	begin_frame_and_copy(100);
	assert_true(lies_in_seat(OTHER));
}

static void test_long_begun_frame_is_copied(void **state)
{
	(void)state;
	begin_frame_and_copy(2000);
	assert_false(lies_in_seat(OTHER));
}

static void test_close_spills_what_was_copied(void **state)
{
	(void)state;
	begin_frame_and_copy(SEAT_QUEUE_BYTES - 10);
	assert_false(lies_in_seat(OTHER));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_short_lies_in_seat),
	    TEST(test_a_room_of_three_is_on_a_page),
	    TEST(test_long_spills),
	    TEST(test_long_from_the_start),
	    TEST(test_moves_up),
	    TEST(test_is_bounded),
	    TEST(test_begun_frame_is_copied),
	    TEST(test_long_begun_frame_is_copied),
	    TEST(test_close_spills_what_was_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
