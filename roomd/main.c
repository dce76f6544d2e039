/*
 * main - roomd: one room, in a process of its own.
 *
 * Started by the keeper with two descriptors and nothing else: the channel to the broker, and the memory file in which
 * all that the room knows will lie. It locks itself in, says READY, and waits to become a room. See room.h for its
 * states.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "clock.h"
#include "process_fds.h"
#include "room.h"
#include "sandbox.h"
#include "title.h"
#include "watchdog.h"

/* Descriptors beside the members': standard ones, channel, epoll set, one that an evicted seat gives back late. */
#define FDS_OTHER 8

static struct ledger *map_ledger(size_t *ret_size)
{
	struct stat file;

	if (fstat(ROOMD_FD_LEDGER, &file) < 0 || file.st_size < (off_t)sizeof(struct ledger))
		return NULL;
	*ret_size = (size_t)file.st_size;
	void *at = mmap(NULL, *ret_size, PROT_READ | PROT_WRITE, MAP_SHARED, ROOMD_FD_LEDGER, 0);
	close(ROOMD_FD_LEDGER);
	return at == MAP_FAILED ? NULL : at;
}

/* Milliseconds for epoll_wait() until next_ms; -1 for never. */
static int patience(uint64_t now_ms, uint64_t next_ms)
{
	if (next_ms == UINT64_MAX)
		return -1;
	return next_ms <= now_ms ? 0 : (int)(next_ms - now_ms);
}

static void serve(struct room *room)
{
	struct epoll_event events[LIMIT_EPOLL_EVENTS];
	uint64_t next_ms = UINT64_MAX;

	do {
		ledger_mark(&room->ledger->working, 0);
		int n = epoll_wait(room->epoll, events, LIMIT_EPOLL_EVENTS, patience(room->now_ms, next_ms));
		ledger_mark(&room->ledger->working, 1);
		watchdog_turn();
		room->now_ms = clock_ms();
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 != LIMIT_SEATS_CEILING)
				room_on_socket(room, events[i].data.u32, events[i].events);
		/* The channel comes last: an ADOPT may seat somebody where another has just gone. */
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == LIMIT_SEATS_CEILING && !room_on_channel(room))
				return;
	} while (room_end_turn(room, &next_ms));
}

int main(int argc, char *argv[], char *envp[])
{
	static struct room room;
	struct stat channel;
	size_t ledger_bytes = 0;

	title_init(argc, argv, envp);
	if (fstat(ROOMD_FD_CHANNEL, &channel) < 0 || !S_ISSOCK(channel.st_mode)) {
		fputs("roomd: this is started by video-signaling, one for each room; it can't be run by hand\n",
		      stderr);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C reaches the whole terminal, and a service manager may tell everyone: a room ends when its channel
	 * does. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* One that is stopped must still notice that the others are gone. */
	prctl(PR_SET_PDEATHSIG, SIGCONT);
	/* A room that outlives its keeper is meant to: systemd doesn't warn of what is left over in parentheses, the
	 * sign of a helper. (The title that ps shows is another thing.) */
	prctl(PR_SET_NAME, "(roomd)");
	closefrom(ROOMD_FD_LEDGER + 1);
	struct ledger *ledger = map_ledger(&ledger_bytes);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!ledger || epoll < 0 || room_init(&room, ROOMD_FD_CHANNEL, epoll, ledger, ledger_bytes) < 0) {
		perror("roomd");
		return 1;
	}
	title_set("roomd: warm");
	watchdog_start();
	struct sandbox_bounds bounds = {.fds = LIMIT_SEATS_CEILING + FDS_OTHER, .memory_bytes = ledger_bytes};
	struct ipc_ready ready = {.sandbox_layers = sandbox_enter(SANDBOX_ALL, &bounds)};
	if (ipc_send(room.channel, IPC_READY, &ready, NULL, 0, -1) < 0)
		return 1;
	serve(&room);
	return 0;
}
