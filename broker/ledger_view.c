/* ledger_view - the counters that a room's process writes. */
#include <string.h>

#include "broker.h"
#include "ledger.h"
#include "ledger_view.h"

static const struct ledger *ledger_of(const struct room *room)
{
	const struct roomd *r = room->roomd;

	return r && !room->foreign && r->ledger_bytes >= ledger_data_offset(&room->limits) ? r->ledger : NULL;
}

struct room_traffic ledger_view_room(const struct room *room)
{
	const struct ledger *ledger = ledger_of(room);
	struct room_traffic traffic = {0};

	if (ledger)
		memcpy(&traffic, &ledger->traffic, sizeof(traffic));
	return traffic;
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
		ret->kept = seat->resume.issued ? seat->resume.kept : 0;
		ret->until_ms = seat->state == SEAT_SUSPENDED ? seat->deadline_ms : 0;
		*hint = (*hint + i + 1) % seats;
		return true;
	}
	return false;
}
