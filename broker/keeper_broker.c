/* keeper_broker - one broker, as the keeper has it. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "child.h"
#include "keeper_broker.h"

/* Who may follow whom. */
static const unsigned successors[BROKER_STATES] = {
    [BROKER_NONE] = 1 << BROKER_STARTING,
    [BROKER_STARTING] = 1 << BROKER_EQUIPPED | 1 << BROKER_NONE,
    [BROKER_EQUIPPED] = 1 << BROKER_SERVING | 1 << BROKER_NONE,
    [BROKER_SERVING] = 1 << BROKER_HANDING_OVER | 1 << BROKER_NONE,
    [BROKER_HANDING_OVER] = 1 << BROKER_LEAVING | 1 << BROKER_NONE,
    [BROKER_LEAVING] = 1 << BROKER_NONE,
};

void keeper_broker_init(struct keeper_broker *b, int epoll, uint64_t key)
{
	*b = (struct keeper_broker){.channel = -1, .epoll = epoll, .key = key};
}

void keeper_broker_enter(struct keeper_broker *b, enum keeper_broker_state next)
{
	assert(successors[b->state] & 1U << next);
	b->state = next;
}

void keeper_broker_watch(struct keeper_broker *b, bool writable)
{
	struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0U), .data.u64 = b->key};

	if (b->channel >= 0)
		epoll_ctl(b->epoll, EPOLL_CTL_MOD, b->channel, &event);
}

int keeper_broker_start(struct keeper_broker *b, int program)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = b->key};
	int ends[2];
	int error = ipc_channel(ends);

	if (error < 0)
		return error;
	pid_t pid = epoll_ctl(b->epoll, EPOLL_CTL_ADD, ends[0], &event) < 0
			? -errno
			: child_start(program, "video-signaling: broker", &ends[1], 1);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return pid;
	}
	b->pid = pid;
	b->channel = ends[0];
	b->ipc_state = IPC_IN_STARTING;
	keeper_broker_enter(b, BROKER_STARTING);
	return 0;
}

int keeper_broker_adopt(struct keeper_broker *b, pid_t pid, int channel)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = b->key};

	b->pid = pid;
	b->channel = channel;
	b->ipc_state = IPC_IN_SERVING;
	b->state = BROKER_SERVING;
	return epoll_ctl(b->epoll, EPOLL_CTL_ADD, channel, &event) < 0 ? -errno : 0;
}

static void close_channel(struct keeper_broker *b)
{
	if (b->channel < 0)
		return;
	epoll_ctl(b->epoll, EPOLL_CTL_DEL, b->channel, NULL);
	close(b->channel);
	b->channel = -1;
}

void keeper_broker_drop(struct keeper_broker *b, bool kills)
{
	close_channel(b);
	if (kills && b->pid && b->state != BROKER_LEAVING)
		kill(b->pid, SIGKILL);
}

void keeper_broker_on_reaped(struct keeper_broker *b)
{
	close_channel(b);
	b->pid = 0;
	keeper_broker_enter(b, BROKER_NONE);
}

int keeper_broker_hand_over(struct keeper_broker *from, struct keeper_broker *to)
{
	struct ipc_nothing nothing = {0};
	int ends[2];
	int error = ipc_channel(ends);

	if (error < 0)
		return error;
	error = ipc_send(to->channel, IPC_SUCCEED, &nothing, NULL, 0, ends[1]);
	if (error == 0)
		error = ipc_send(from->channel, IPC_HANDOVER, &nothing, NULL, 0, ends[0]);
	close(ends[0]);
	close(ends[1]);
	if (error == 0)
		keeper_broker_enter(from, BROKER_HANDING_OVER);
	return error;
}
