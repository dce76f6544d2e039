/* ledger_view - the counters that a room's process writes. */
#include <string.h>

#include "broker.h"
#include "ledger.h"
#include "ledger_view.h"

static const struct ledger *ledger_of(const struct room *room)
{
	return room->roomd && !room->foreign ? room->roomd->ledger : NULL;
}

struct room_traffic ledger_view_room(const struct room *room)
{
	const struct ledger *ledger = ledger_of(room);
	struct room_traffic traffic = {0};

	if (ledger)
		memcpy(&traffic, &ledger->traffic, sizeof(traffic));
	return traffic;
}

/* How many messages are kept for a seat. Where they lie is reckoned by what the broker knows. */
static uint64_t kept(const struct room *room, const struct ledger *ledger, unsigned seat)
{
	const struct ipc_open *open = &room->limits;
	const uint8_t *at = (const uint8_t *)ledger + ledger_data_offset(open) + seat * ledger_seat_size(open);
	const struct replay *replay = (const void *)(at + ledger_input_size(open) + ledger_queue_size(open));

	if (!open->resume_ms || !ledger->seats[seat].resume.issued || room->roomd->ledger_bytes < ledger_size(open))
		return 0;
	uint64_t count = replay->next - replay->first;
	return count <= LIMIT_REPLAY_MESSAGES ? count : LIMIT_REPLAY_MESSAGES;
}

bool ledger_view_seat(const struct room *room, uint64_t client, unsigned *hint, struct seat_view *ret)
{
	const struct ledger *ledger = ledger_of(room);
	unsigned seats = ledger_seats(&room->limits);

	for (unsigned i = 0; ledger && i < seats; i++) {
		const struct seat *seat = &ledger->seats[(*hint + i) % seats];
		if (!seat_is_members(seat) || seat->client != client)
			continue;
		memcpy(&ret->traffic, &seat->traffic, sizeof(ret->traffic));
		ret->heard_ms = seat->keepalive.heard_ms;
		uint32_t owed_at = seat->owed_at, owed_end = seat->owed_end;
		ret->queued = owed_end > owed_at ? owed_end - owed_at : 0;
		ret->kept = kept(room, ledger, (*hint + i) % seats);
		ret->until_ms = seat->state == SEAT_SUSPENDED ? seat->deadline_ms : 0;
		*hint = (*hint + i + 1) % seats;
		return true;
	}
	return false;
}
