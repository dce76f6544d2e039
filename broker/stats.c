/* stats - what has happened since the broker started. */
#include "stats.h"

#define CODE(code) code,
static const unsigned codes[STATS_CLOSES] = {0, STATS_CLOSE_CODES(CODE)};
#undef CODE

unsigned stats_close_code(unsigned i)
{
	return codes[i];
}

void stats_closed(struct stats *s, uint32_t code)
{
	unsigned i = STATS_CLOSES - 1;

	while (i > 0 && codes[i] != code)
		i--;
	s->closes[i]++;
}

void stats_add_room(struct room_traffic *sum, const struct room_traffic *room)
{
	sum->messages_in += room->messages_in;
	sum->bytes_in += room->bytes_in;
	sum->messages_out += room->messages_out;
	sum->bytes_out += room->bytes_out;
	for (int i = 0; i < TRAFFIC_SIGNALS; i++) {
		sum->signals[i] += room->signals[i];
		sum->signal_bytes[i] += room->signal_bytes[i];
	}
	for (int i = 0; i < TRAFFIC_ERRORS; i++)
		sum->errors[i] += room->errors[i];
}
