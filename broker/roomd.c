/* roomd - the broker's end of one room process. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker.h"
#include "heal.h"
#include "ipc.h"
#include "log.h"

static void on_channel(struct source *source, uint32_t events)
{
	struct roomd *r = container_of(source, struct roomd, channel);

	if (events & EPOLLOUT) {
		loop_watch(&r->broker->loop, &r->channel, EPOLLIN);
		if (r->room)
			room_seat(r->room);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		roomd_read(r);
}

/* The size of a memory file. (fstat() takes paths as well: the sandbox does without.) */
static size_t size_of(int file)
{
	off_t size = lseek(file, 0, SEEK_END);

	return size > 0 ? (size_t)size : 0;
}

/* Maps the first `bytes` of a memory file. NULL: it can't be. */
static void *map(int file, int protection, size_t bytes)
{
	void *at = bytes > 0 ? mmap(NULL, bytes, protection, MAP_SHARED, file, 0) : MAP_FAILED;

	return at == MAP_FAILED ? NULL : at;
}

/* How much of a ledger is ours to look at: its front, if it is one of the rooms that we make. */
static size_t front_of(const struct broker *b, size_t bytes)
{
	return bytes == ledger_size(&b->limits) ? ledger_data_offset(&b->limits) : bytes;
}

void roomd_start_close(const struct roomd_start *start)
{
	const int fds[] = {start->channel, start->ledger, start->roster};

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

struct roomd *roomd_new(struct broker *b, const struct roomd_start *start)
{
	struct roomd *r = calloc(1, sizeof(*r));

	/* If it was a spare one, it is none any more, whatever becomes of the roomd; or it is one that another keeper,
	 * which is no more, knew by this number. */
	struct roster_spare roster = roster_take(&b->spare_rosters, start->roster_number);
	if (start->roster >= 0) {
		if (roster.at)
			munmap(roster.at, roster.bytes);
		roster.bytes = size_of(start->roster);
		roster.at = map(start->roster, PROT_READ | PROT_WRITE, roster.bytes);
	}
	if (!r || !roster.at || start->channel < 0 || start->ledger < 0) {
		if (roster.at)
			munmap(roster.at, roster.bytes);
		free(r);
		roomd_start_close(start);
		return NULL;
	}
	*r = (struct roomd){.channel = {.fd = start->channel, .on = on_channel},
			    .broker = b,
			    .number = start->number,
			    .pid = start->pid,
			    .state = IPC_IN_STARTING,
			    .roster = roster.at,
			    .roster_bytes = roster.bytes,
			    .roster_number = start->roster_number,
			    .roster_entered = start->fresh ? 0 : UINT_MAX};
	b->roomds++;
	r->ledger_bytes = front_of(b, size_of(start->ledger));
	r->ledger = map(start->ledger, PROT_READ, r->ledger_bytes);
	close(start->ledger);
	if (start->roster >= 0)
		close(start->roster);
	if (r->ledger && loop_watch(&b->loop, &r->channel, EPOLLIN) == 0)
		return r;
	roomd_free(r);
	return NULL;
}

void roomd_free(struct roomd *r)
{
	if (r->ledger)
		munmap((void *)(uintptr_t)r->ledger, r->ledger_bytes);
	if (r->roster)
		munmap(r->roster, r->roster_bytes);
	loop_watch(&r->broker->loop, &r->channel, 0);
	close(r->channel.fd);
	r->broker->roomds--;
	free(r);
}

void roomd_disconnect(struct roomd *r)
{
	loop_watch(&r->broker->loop, &r->channel, 0);
	close(r->channel.fd);
	r->channel.fd = -1;
}

int roomd_send(struct roomd *r, enum ipc_type type, const void *body, const void *tail, size_t tail_length, int fd)
{
	int error = ipc_send(r->channel.fd, type, body, tail, tail_length, fd);

	log_trace("to-roomd", "roomd=%llu message=%s error=%d", (unsigned long long)r->number, ipc_name(type), -error);
	if (error == -EAGAIN)
		loop_watch(&r->broker->loop, &r->channel, EPOLLIN | EPOLLOUT);
	return error;
}

void roomd_retire(struct roomd *r)
{
	struct ipc_nothing nothing = {0};

	bool keeps_roster = roster_keep(&r->broker->spare_rosters, r);
	/* It has read all that we ever sent, so its channel has place for this; but the kernel may lack memory. Nobody
	 * is in it any more who would miss it. */
	if (roomd_send(r, IPC_RETIRE, &nothing, NULL, 0, -1) < 0)
		keeper_kill(&r->broker->keeper, r->number);
	r->state = IPC_IN_RETIRED;
	r->room = NULL;
	if (keeps_roster)
		keeper_release_all_but_roster(&r->broker->keeper, r->number);
	else
		keeper_release(&r->broker->keeper, r->number);
	pool_add(&r->broker->pool, r);
}

/* It has ended, or has said what it may not. */
static void lose(struct roomd *r, int error)
{
	struct room *room = r->room;

	if (error == -EPROTO) {
		log_error("roomd-misbehaved", "roomd=%llu", (unsigned long long)r->number);
		keeper_kill(&r->broker->keeper, r->number);
	}
	if (r->state != IPC_IN_RETIRED) {
		log_warn("roomd-lost", "roomd=%llu", (unsigned long long)r->number);
		r->broker->memory->stats.roomds_lost++;
	}
	if (room) {
		heal_begin(room, r);
		return;
	}
	if (r->state != IPC_IN_RETIRED) /* else it is released already */
		keeper_release(&r->broker->keeper, r->number);
	pool_on_lost(&r->broker->pool, r);
	roomd_free(r);
}

void roomd_read(struct roomd *r)
{
	static struct ipc_inbox inbox;
	struct ipc_message m;

	for (;;) {
		int error = ipc_recv(r->channel.fd, IPC_FROM_ROOMD, r->state, &inbox, &m);
		if (error == -EAGAIN)
			return;
		if (error == -EMFILE)
			error = 0; /* without the descriptor: its client is looked for one of its own */
		if (error < 0) {
			lose(r, error);
			return;
		}
		log_trace("from-roomd", "roomd=%llu message=%s", (unsigned long long)r->number, ipc_name(m.type));
		if (m.type == IPC_READY && r->state == IPC_IN_COUNTING)
			continue; /* the news was for the broker before us */
		if (m.type == IPC_READY) {
			if (!broker_accepts_sandbox(r->broker, ((const struct ipc_ready *)m.body)->sandbox_layers)) {
				lose(r, -EPROTO);
				return;
			}
			r->state = IPC_IN_WARM;
			r->broker->memory->stats.roomds_started++;
			if (r->heir)
				heal_finish(r->room, r);
			else
				pool_on_ready(&r->broker->pool, r);
			continue;
		}
		error = room_on_message(r->room, &m);
		if (error < 0) {
			lose(r, error);
			return;
		}
		if (r->state == IPC_IN_RETIRED)
			return;
	}
}
