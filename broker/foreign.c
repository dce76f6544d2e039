/* foreign - a room of another version. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker.h"
#include "foreign.h"
#include "ledger.h"
#include "log.h"

bool foreign_is(const struct roomd *r)
{
	const struct roster *roster = r->roster;

	return r->roster_bytes >= sizeof(*roster) && r->ledger_bytes >= sizeof(struct ledger) && roster->open &&
	       roster->room_id.length >= 1 && roster->room_id.length <= LIMIT_NAME_BYTES;
}

/* Reads one packet and throws it away, with the descriptors that came along. Returns false at the end of the channel;
 * *ret_more: there may be another. */
static bool discard(int channel, bool *ret_more)
{
	char nothing[8];
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {nothing, sizeof(nothing)};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
	ssize_t n = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*ret_more = n > 0 || (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n <= 0)
		return n < 0 && errno != ECONNRESET;
	const struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len >= CMSG_LEN(sizeof(int))) {
		int fd;
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		close(fd);
	}
	return true;
}

static void on_channel(struct source *source, uint32_t events)
{
	struct roomd *r = container_of(source, struct roomd, channel);
	struct room *room = r->room;
	bool more = true;
	bool alive = true;

	(void)events;
	while (alive && more)
		alive = discard(r->channel.fd, &more);
	if (alive && r->ledger->used > 0)
		return;
	log_debug("room-closed", "room=%s", log_name(room->id.bytes, room->id.length).text);
	room->roomd = NULL;
	keeper_release(&r->broker->keeper, r->number); /* its channel ends, and so does it */
	roomd_free(r);
	room_free(room);
}

bool foreign_keep(struct broker *b, struct roomd *r)
{
	const struct name *id = &r->roster->room_id;
	struct room *room = registry_find(&b->registry, id) ? NULL : room_new(b, id, &b->limits);

	if (!room)
		return false;
	room->number = ++b->memory->rooms;
	room->opened_ms = b->loop.now_ms;
	room->foreign = true;
	room->roomd = r;
	r->room = room;
	r->state = IPC_IN_OPEN;
	r->channel.on = on_channel;
	log_info("room-foreign", "room=%s roomd=%llu", log_name(id->bytes, id->length).text,
		 (unsigned long long)r->number);
	return true;
}
