/* roomd - the broker's end of one room process. */
#include <assert.h>
#include <errno.h>
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

/* Maps the ledger, and closes its descriptor. (fstat() takes paths as well: the sandbox does without.) */
static int map(struct roomd *r, int ledger)
{
	off_t size = lseek(ledger, 0, SEEK_END);
	void *at = MAP_FAILED;

	if (size > 0)
		at = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, ledger, 0);
	close(ledger);
	if (at == MAP_FAILED)
		return -ENOMEM;
	r->ledger = at;
	r->ledger_bytes = (size_t)size;
	return 0;
}

struct roomd *roomd_new(struct broker *b, uint64_t number, int channel, int ledger)
{
	struct roomd *r = calloc(1, sizeof(*r));

	if (!r || channel < 0 || ledger < 0) {
		free(r);
		if (channel >= 0)
			close(channel);
		if (ledger >= 0)
			close(ledger);
		return NULL;
	}
	*r = (struct roomd){
	    .channel = {.fd = channel, .on = on_channel}, .broker = b, .number = number, .state = IPC_IN_STARTING};
	b->roomds++;
	if (map(r, ledger) == 0 && loop_watch(&b->loop, &r->channel, EPOLLIN) == 0)
		return r;
	roomd_free(r);
	return NULL;
}

void roomd_free(struct roomd *r)
{
	if (r->ledger)
		munmap((void *)(uintptr_t)r->ledger, r->ledger_bytes);
	loop_watch(&r->broker->loop, &r->channel, 0);
	close(r->channel.fd);
	r->broker->roomds--;
	free(r);
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

	/* It has read all that we ever sent, so its channel has place for this. */
	roomd_send(r, IPC_RETIRE, &nothing, NULL, 0, -1);
	r->state = IPC_IN_RETIRED;
	r->room = NULL;
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
		r->broker->stats.roomds_lost++;
	}
	if (room) {
		heal_begin(room, r);
		return;
	}
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
		if (error < 0) {
			lose(r, error);
			return;
		}
		log_trace("from-roomd", "roomd=%llu message=%s", (unsigned long long)r->number, ipc_name(m.type));
		if (m.type == IPC_READY) {
			r->state = IPC_IN_WARM;
			r->broker->stats.roomds_started++;
			if (r->heir)
				heal_finish(r->room, r);
			else
				pool_on_ready(&r->broker->pool, r, ((const struct ipc_ready *)m.body)->sandbox_layers);
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
