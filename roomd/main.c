/*
 * main - roomd: one room, in a process of its own.
 *
 * The keeper starts it with a channel and nothing else, as a zygote. Each roomd that is forked of it has a channel to
 * the broker instead, in which lies the memory file that all that its room knows will lie in. It locks itself in, says
 * READY, and waits to become a room. See room.h for its states.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "lockdown.h"
#include "out.h"
#include "process_fds.h"
#include "room.h"
#include "sandbox.h"
#include "title.h"
#include "watchdog.h"
#include "zygote.h"

/* Descriptors beside the members': standard ones, channel, epoll set, alarm, one that an evicted seat gives back late.
 */
#define FDS_OTHER 8

/* Builds for sanitizers and valgrind, which have no sandbox: they know of one stack, and write something down at the
 * end. */
#ifdef SANDBOX_NONE
#define INSTRUMENTED true
#else
#define INSTRUMENTED false
#endif

/* Of the sockets, how many lie on the page where the stack begins. */
#define SOCKETS_ON_STACK_PAGE 16

/* A page is as large as this, or a part of it. */
#define PAGE_BYTES_MAX 65536

/* Between the program's variables and the ledger, at least; whole pages. */
#define LEDGER_GAP 65536

extern char end[]; /* of the program's variables: end(3) */

/* Behind those, and a gap: mostly that is within what one of the process's page tables covers already. The kernel takes
 * another place if something is there. */
static void *place_for_ledger(void)
{
	return end + 2 * LEDGER_GAP - (uintptr_t)end % LEDGER_GAP;
}

/* Takes the room's memory file out of the channel, and maps it. */
static struct ledger *map_ledger(struct ipc_inbox *inbox, size_t *ret_size)
{
	struct ipc_message m;

	if (ipc_recv(ROOMD_FD_CHANNEL, IPC_FROM_KEEPER, IPC_IN_STARTING, inbox, &m) < 0 || m.type != IPC_LEDGER)
		return NULL;
	off_t size = lseek(m.fd, 0, SEEK_END);
	if (size < (off_t)sizeof(struct ledger))
		return NULL;
	*ret_size = (size_t)size;
	void *at = mmap(place_for_ledger(), *ret_size, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd, 0);
	close(m.fd);
	return at == MAP_FAILED ? NULL : at;
}

static void serve(struct room *room)
{
	struct epoll_event events[LIMIT_EPOLL_EVENTS];
	uint64_t next_ms = UINT64_MAX;

	do {
		int timeout_ms = alarm_set(&room->alarm, room->now_ms, next_ms);
		ledger_mark(&room->ledger->working, 0);
		int n = epoll_wait(room->epoll, events, LIMIT_EPOLL_EVENTS, timeout_ms);
		ledger_mark(&room->ledger->working, 1);
		room->turn = WATCHDOG_TURN;
		room->now_ms = clock_cold_ms();
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == ROOM_EVENT_ALARM)
				alarm_on_ring(&room->alarm);
			else if (events[i].data.u32 != ROOM_EVENT_CHANNEL)
				room_on_socket(room, events[i].data.u32, events[i].events);
		/* The channel comes last: an ADOPT may seat somebody where another has just gone. */
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == ROOM_EVENT_CHANNEL && !room_on_channel(room))
				return;
	} while (room_end_turn(room, &next_ms));
}

/* One that is stopped must still notice that the others are gone. (Not inherited by a fork.) */
static void wake_at_keepers_death(void)
{
	prctl(PR_SET_PDEATHSIG, SIGCONT);
}

/* Who runs is not interrupted for a room that something has come for (sched(7), SCHED_BATCH): where all processors are
 * busy, more has come by then, and is relayed in one go. Where one is idle, nothing waits. Inherited by a fork; a
 * policy that somebody has chosen stays; refused, it is only slower. */
static void interrupt_nobody(void)
{
	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
}

/* What the zygote and its roomds have in common. */
static void begin(struct room *room)
{
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C reaches the whole terminal, and a service manager may tell everyone: a room ends when its channel
	 * does. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* A room that outlives its keeper is meant to: systemd doesn't warn of what is left over in parentheses, the
	 * sign of a helper. (The title that ps shows is another thing.) */
	prctl(PR_SET_NAME, "(roomd)");
	closefrom(ZYGOTE_FD_KEEPER + 1);
	watchdog_prepare(&room->turn);
	lockdown_not_dumpable(); /* with or without a sandbox */
	interrupt_nobody();
	wake_at_keepers_death();
}

/* Nothing is left for libc to do, and what it would touch of the zygote's pages would have to be copied first. */
static _Noreturn void leave(int status)
{
	if (INSTRUMENTED)
		exit(status);
	_exit(status);
}

/* (perror() would ask for memory, which the zygote's sandbox has none of.) */
static void say_why(int error)
{
	char text[128];
	struct out o = out_init(text, sizeof(text));

	out_text(&o, "roomd: ");
	out_text(&o, strerrordesc_np(error));
	out_text(&o, "\n");
	if (write(STDERR_FILENO, o.at, o.length) < 0)
		return; /* there is nowhere to say that */
}

/*
 * What a roomd writes to, on as few pages as it goes and near the program: each page, and each table for pages that are
 * far from others, is made anew in every fork, and costs more than all that is done with it. Of a small room that is
 * two pages here, the upper end of the stack with the first sockets and the front of `room`, and the ledger's first.
 */
static _Alignas(PAGE_BYTES_MAX) struct {
	char guard[PAGE_BYTES_MAX]; /* who comes here has used up the stack, and ends */
	char stack[LIMIT_ROOMD_STACK_BYTES - SOCKETS_ON_STACK_PAGE * sizeof(struct room_socket)];
	struct room_socket sockets[LIMIT_SEATS_CEILING];
	_Alignas(4096) struct room room;
	uint32_t sandbox_layers; /* that the zygote has entered */
} own;

_Static_assert(sizeof(own.stack) % 16 == 0, "the stack begins where the processor wants it");

static int be_roomd(void *argument)
{
	struct room *room = argument;
	size_t ledger_bytes = 0;

	room->turn = WATCHDOG_TURN; /* to start is the first */
	wake_at_keepers_death();
	struct ledger *ledger = map_ledger(&room->inbox, &ledger_bytes);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!ledger || epoll < 0 || room_init(room, ROOMD_FD_CHANNEL, epoll, ledger, ledger_bytes) < 0) {
		say_why(errno);
		leave(1);
	}
	room->sockets = own.sockets;
	struct ipc_ready ready = {.sandbox_layers = sandbox_enter_roomd(SANDBOX_ALL, own.sandbox_layers, ledger_bytes)};
	title_set("roomd: warm");
	if (ipc_send(room->channel, IPC_READY, &ready, NULL, 0, -1) < 0)
		leave(1);
	serve(room);
	leave(0);
}

/* Keeps this stack from the roomds, and what they might look for in it. */
static void keep_stack(void)
{
	/* The name of the program is the uppermost thing in it (execve(2)); right above it may lie what roomds need.
	 * Below, what the kernel has given it so far is far less than this, and nothing else is near. */
	uintptr_t top = (getauxval(AT_EXECFN) | (getauxval(AT_PAGESZ) - 1)) + 1;
	uintptr_t bottom = top - 1024 * 1024;

	clearenv();
	madvise((void *)bottom, top - bottom, MADV_DONTFORK);
}

/* Returns whether roomds can be forked. */
static bool prepare_roomds(void)
{
	if (INSTRUMENTED)
		return true;
	/* With the title elsewhere, no roomd needs anything of the zygote's stack. */
	if (title_move(own.room.title, sizeof(own.room.title)))
		keep_stack();
	return mprotect(own.guard, sizeof(own.guard), PROT_NONE) == 0;
}

int main(int argc, char *argv[])
{
	static const struct zygote_roomd roomd = {.begin = be_roomd, .argument = &own.room, .stack_end = own.sockets};
	struct stat channel;

	title_init(argc, argv);
	if (fstat(ZYGOTE_FD_KEEPER, &channel) < 0 || !S_ISSOCK(channel.st_mode)) {
		fputs("roomd: this is started by video-signaling, one for each room; it can't be run by hand\n",
		      stderr);
		return 1;
	}
	begin(&own.room);
	if (!prepare_roomds()) {
		perror("roomd");
		return 1;
	}
	title_set("video-signaling: zygote");
	struct ipc_inbox *inbox = zygote_inbox(); /* while there is memory to be had */
	if (!inbox) {
		perror("roomd");
		return 1;
	}
	own.sandbox_layers = sandbox_enter_zygote(SANDBOX_ALL, LIMIT_SEATS_CEILING + FDS_OTHER);
	return zygote_serve(&roomd, inbox) == -EPIPE ? 0 : 1;
}
