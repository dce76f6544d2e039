/* room_ice - tells a room's process which STUN and TURN servers its members may use. */
#include <errno.h>

#include "broker.h"
#include "room_ice.h"

int room_ice_send(struct room *room, const struct client *c)
{
	char json[LIMIT_ICE_BYTES];
	struct out o = out_init(json, sizeof(json));

	if (!access_write_ice(room->broker, &c->id, &o))
		return 0;
	return roomd_send(room->roomd, IPC_ICE, &(struct ipc_ice){.client = c->number}, o.at, o.length, -1);
}

int room_ice_on_asked(struct room *room, uint64_t client)
{
	const struct client *c;
	char json[LIMIT_ICE_BYTES];
	struct out o = out_init(json, sizeof(json));

	TAILQ_FOREACH (c, &room->seated, room_link)
		if (c->number == client)
			break;
	if (!c || !c->member)
		return -EPROTO;
	if (!access_write_ice(room->broker, &c->id, &o))
		out_text(&o, "[]");
	roomd_send(room->roomd, IPC_ICE, &(struct ipc_ice){.client = client}, o.at, o.length, -1);
	return 0;
}
