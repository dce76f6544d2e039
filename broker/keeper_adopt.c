/* keeper_adopt - roomds from another keeper, or for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_adopt.h"
#include "log.h"

/* Whose pidfd it is (proc(5), fdinfo); 0: of nobody any more. */
static pid_t pid_of(int pidfd)
{
	char path[64];
	char line[128];
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	FILE *file = fopen(path, "re");
	while (file && pid <= 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, "Pid:", 4) == 0)
			pid = passed_number(line + 4);
	if (file)
		fclose(file);
	return pid > 0 ? pid : 0;
}

void keeper_roomds_store(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	const int fds[STORE_ROOM_FDS] = {r->channel, r->pidfd, r->ledger, r->roster.file};

	r->store_due = r->place >= 0 && !keeper_store_put(roomds->store, r->place, fds);
}

void keeper_roomds_unstore(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	keeper_store_remove(roomds->store, r->place);
	r->place = -1;
	r->store_due = false;
}

uint64_t keeper_roomds_store_again(struct keeper_roomds *roomds, uint64_t now_ms)
{
	struct keeper_roomd *r;

	if (!roomds->store->again_ms || now_ms < roomds->store->again_ms)
		return roomds->store->again_ms;
	keeper_store_settle(roomds->store);
	for (r = keeper_roomds_next(roomds, NULL); r; r = keeper_roomds_next(roomds, r))
		if (r->store_due)
			keeper_roomds_store(roomds, r);
	return roomds->store->again_ms;
}

bool keeper_roomds_quiet(struct keeper_roomds *roomds)
{
	struct keeper_roomd *r;

	if (!TAILQ_EMPTY(&roomds->due) || roomds->spawns_due || roomds->failed_due || roomds->inherited_due)
		return false;
	for (r = keeper_roomds_next(roomds, NULL); r; r = keeper_roomds_next(roomds, r))
		if (r->dead)
			return false;
	return true;
}

void keeper_roomds_hand_down(struct keeper_roomds *roomds, struct keeper_exec *list)
{
	char name[PASSED_NAME_BYTES];
	int place = STORE_ROOMS_MAX; /* from here on: of those that are not stored */
	struct keeper_roomd *r;

	for (r = keeper_roomds_next(roomds, NULL); r; r = keeper_roomds_next(roomds, r)) {
		if (r->dead || r->released)
			continue;
		if (r->pidfd < 0)
			r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
		keeper_store_name(r->place >= 0 ? r->place : place++, name);
		snprintf(name + strlen(name), 24, ",%llu", (unsigned long long)r->number);
		keeper_exec_add(list, name, r->channel);
		keeper_exec_add(list, name, r->pidfd);
		keeper_exec_add(list, name, r->ledger);
		keeper_exec_add(list, name, r->roster.file);
	}
}

static bool is_child(int pidfd)
{
	siginfo_t info;

	return waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void keeper_roomds_adopt(struct keeper_roomds *roomds, const struct keeper_roomd_left *left)
{
	const int fds[STORE_ROOM_FDS] = {left->channel, left->pidfd, left->ledger, left->roster};
	struct keeper_roomd *r = calloc(1, sizeof(*r));
	pid_t pid = left->pidfd < 0 ? 0 : pid_of(left->pidfd);

	keeper_store_know(roomds->store, left->place);
	uint64_t number = left->number ? left->number : roomds->last_number + 1;
	if (!r || pid == 0 || left->channel < 0 || left->ledger < 0 || left->roster < 0)
		goto fail;
	*r = (struct keeper_roomd){.number = number,
				   .pid = pid,
				   .program = roomds->program,
				   .channel = left->channel,
				   .ledger = left->ledger,
				   .roster = {.file = left->roster, .number = ++roomds->rosters.last_number},
				   .pidfd = left->pidfd,
				   .place = left->place < STORE_ROOMS_MAX && roomds->store->on ? left->place : -1,
				   .inherited = true,
				   .stranger = !is_child(left->pidfd)};
	if (!keeper_roomds_add(roomds, r))
		goto fail;
	roomds->last_number = number > roomds->last_number ? number : roomds->last_number;
	r->program->users++;
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = KEEPER_ROOMD_KEY | r->number};
	if (r->stranger && epoll_ctl(roomds->epoll, EPOLL_CTL_ADD, r->pidfd, &event) < 0)
		log_error("roomd-adopt", "error=\"%s\"", strerror(errno));
	return;
fail:
	keeper_store_remove(roomds->store, left->place);
	for (unsigned i = 0; i < STORE_ROOM_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(r);
}
