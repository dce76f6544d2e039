/* keeper_roomd - the keeper's roomds. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"
#include "keeper_adopt.h"
#include "keeper_roomd.h"
#include "ledger.h"
#include "log.h"
#include "memory_file.h"
#include "roster.h"

static int compare_numbers(const struct keeper_roomd *a, const struct keeper_roomd *b)
{
	return (a->number > b->number) - (a->number < b->number);
}

static int compare_pids(const struct keeper_roomd *a, const struct keeper_roomd *b)
{
	return (a->pid > b->pid) - (a->pid < b->pid);
}

TREE_GENERATE(keeper_number_tree, keeper_roomd, by_number, compare_numbers)
TREE_GENERATE(keeper_pid_tree, keeper_roomd, by_pid, compare_pids)

int keeper_roomds_configure(struct keeper_roomds *roomds, int program, const struct ipc_open *limits)
{
	struct keeper_program *p = keeper_program_new(program);

	if (!p)
		return -ENOMEM;
	if (roomds->program)
		keeper_program_supersede(roomds->program);
	roomds->program = p;
	keeper_rosters_drop(&roomds->rosters);
	roomds->ledger_bytes = ledger_size(limits);
	roomds->rosters.bytes = roster_size(limits);
	return 0;
}

int keeper_roomds_init(struct keeper_roomds *roomds, int program, const struct ipc_open *limits,
		       struct keeper_store *store, int epoll)
{
	*roomds = (struct keeper_roomds){.broker = -1, .store = store, .epoll = epoll};
	RB_INIT(&roomds->by_number);
	RB_INIT(&roomds->by_pid);
	TAILQ_INIT(&roomds->due);
	return keeper_roomds_configure(roomds, program, limits);
}

struct keeper_roomd *keeper_roomds_next(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	return r ? RB_NEXT(keeper_number_tree, &roomds->by_number, r) : RB_MIN(keeper_number_tree, &roomds->by_number);
}

bool keeper_roomds_add(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	if (RB_INSERT(keeper_pid_tree, &roomds->by_pid, r))
		return false;
	RB_INSERT(keeper_number_tree, &roomds->by_number, r);
	return true;
}

/* --- start and end of one --- */

static void set_due(struct keeper_roomds *roomds, struct keeper_roomd *r, bool due)
{
	if (due && !r->due)
		TAILQ_INSERT_TAIL(&roomds->due, r, due_link);
	else if (!due && r->due)
		TAILQ_REMOVE(&roomds->due, r, due_link);
	r->due = due;
}

static void kill_it(const struct keeper_roomd *r)
{
	if (r->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, r->pidfd, SIGKILL, NULL, 0);
	else
		kill(r->pid, SIGKILL);
}

/* Starts one with these memory files (or -errno), which are its from now on, also on failure. Returns 0 or -errno. */
static int start(struct keeper_roomds *roomds, struct keeper_program *program, int ledger,
		 const struct keeper_roster *roster, uint64_t heir_of)
{
	struct keeper_roomd *r = calloc(1, sizeof(*r));
	int ends[2] = {-1, -1};
	int error = ledger < 0 ? ledger : roster->file < 0 ? roster->file : r ? ipc_channel(ends) : -ENOMEM;

	if (error < 0)
		goto fail;
	r->number = ++roomds->last_number;
	error = ipc_send(ends[0], IPC_LEDGER, &(struct ipc_which){r->number}, NULL, 0, ledger);
	if (error < 0)
		goto fail;
	error = r->pid = keeper_program_make(program, ends[1]);
	if (error < 0)
		goto fail;
	close(ends[1]);
	r->program = program;
	program->users++;
	r->heir_of = heir_of;
	r->channel = ends[0];
	r->ledger = ledger;
	r->roster = *roster;
	r->place = keeper_store_take(roomds->store);
	r->pidfd = r->place < 0 ? -1 : (int)syscall(SYS_pidfd_open, r->pid, 0);
	keeper_roomds_add(roomds, r);
	keeper_roomds_store(roomds, r);
	set_due(roomds, r, true);
	return 0;
fail:
	log_error("roomd-start", "error=\"%s\"", strerror(-error));
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	if (ledger >= 0)
		close(ledger);
	keeper_rosters_put(&roomds->rosters, roster);
	free(r);
	return error;
}

static int start_fresh(struct keeper_roomds *roomds)
{
	struct keeper_roster roster = keeper_rosters_take(&roomds->rosters);

	return start(roomds, roomds->program, memory_file("room", NULL, roomds->ledger_bytes), &roster, 0);
}

static void let_go(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	keeper_roomds_unstore(roomds, r);
	if (r->channel >= 0)
		close(r->channel);
	r->channel = -1;
	r->released = true;
}

static void bury(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	let_go(roomds, r);
	if (r->pidfd >= 0)
		close(r->pidfd);
	if (r->ledger >= 0)
		close(r->ledger);
	if (r->roster.file >= 0)
		close(r->roster.file);
	set_due(roomds, r, false);
	keeper_program_put(r->program);
	RB_REMOVE(keeper_number_tree, &roomds->by_number, r);
	free(r);
}

/* One that is dead and that nobody asks for any more is buried; one whose room is to go on gets its heir. */
static void settle_dead(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	if (roomds->broker < 0) { /* nobody is left to have an heir for */
		r->heir_wanted = r->heir_failed = false;
		r->released |= r->dead;
	}
	if (!r->dead || r->heir_failed)
		return;
	if (r->heir_wanted) {
		int ledger = r->ledger;
		struct keeper_roster roster = {.file = r->roster.file, .number = r->roster.number};
		r->ledger = r->roster.file = -1;
		/* The manager keeps nothing twice: first away, then again under the heir's name. */
		keeper_roomds_unstore(roomds, r);
		if (start(roomds, r->program, ledger, &roster, r->number) < 0) {
			r->heir_failed = true;
			set_due(roomds, r, true);
			return;
		}
	}
	if (r->heir_wanted || r->released)
		bury(roomds, r);
}

/* --- the broker --- */

void keeper_roomds_connect(struct keeper_roomds *roomds, int broker)
{
	struct keeper_roomd *next;

	roomds->broker = broker;
	roomds->spawns_due = roomds->failed_due = 0;
	roomds->inherited_due = broker >= 0;
	keeper_rosters_drop(&roomds->rosters);
	for (struct keeper_roomd *r = RB_MIN(keeper_number_tree, &roomds->by_number); r; r = next) {
		next = RB_NEXT(keeper_number_tree, &roomds->by_number, r);
		r->inherited = true;
		r->roster.known = false;
		set_due(roomds, r, broker >= 0 && !r->dead && !r->released);
		settle_dead(roomds, r);
	}
}

void keeper_roomds_end(struct keeper_roomds *roomds)
{
	struct keeper_roomd *r;

	keeper_roomds_connect(roomds, -1);
	RB_FOREACH (r, keeper_number_tree, &roomds->by_number)
		let_go(roomds, r);
}

static struct keeper_roomd *find(struct keeper_roomds *roomds, uint64_t number)
{
	struct keeper_roomd key = {.number = number};

	return RB_FIND(keeper_number_tree, &roomds->by_number, &key);
}

void keeper_roomds_release(struct keeper_roomds *roomds, uint64_t number, bool keeps_roster)
{
	struct keeper_roomd *r = find(roomds, number);

	if (!r)
		return;
	let_go(roomds, r);
	/* While the manager still has it, it would not be stored again. */
	if (keeps_roster && r->roster.file >= 0 && roomds->store->removals_due == 0) {
		keeper_rosters_put(&roomds->rosters, &r->roster);
		r->roster.file = -1;
	}
	settle_dead(roomds, r);
}

void keeper_roomds_on_which(struct keeper_roomds *roomds, enum ipc_type what, uint64_t number)
{
	struct keeper_roomd *r = find(roomds, number);

	if (!r)
		return;
	if (!r->dead)
		kill_it(r); /* whatever is left of one that is to be replaced must be gone first */
	r->heir_wanted |= what == IPC_HEIR;
	settle_dead(roomds, r);
}

/* Did it go (or is nobody there to hear it)? If not, the channel is full. */
static bool went(int error)
{
	return error == 0 || error == -EPIPE;
}

static bool say(const struct keeper_roomds *roomds, enum ipc_type type, const void *body, int fd)
{
	return roomds->broker < 0 || went(ipc_send(roomds->broker, type, body, NULL, 0, fd));
}

/* What it keeps its roster in comes first, unless the broker has that. (Said again, it replaces the first.) */
static bool say_roomd(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	struct ipc_roster roster = {r->roster.number};
	struct ipc_roomd roomd = {.roomd = r->number,
				  .heir_of = r->heir_of,
				  .roster = r->roster.number,
				  .pid = r->pid,
				  .inherited = r->inherited};

	if (!r->roster.known && !say(roomds, IPC_ROSTER, &roster, r->roster.file))
		return false;
	if (roomds->broker >= 0 && !went(ipc_send_two(roomds->broker, IPC_ROOMD, &roomd, r->channel, r->ledger)))
		return false;
	r->roster.known = true;
	return true;
}

/* Says what is due of one. */
static bool say_due(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	if (r->heir_failed) {
		if (!say(roomds, IPC_HEIR_FAILED, &(struct ipc_which){r->number}, -1))
			return false;
		bury(roomds, r);
		return true;
	}
	if (!say_roomd(roomds, r))
		return false;
	set_due(roomds, r, false);
	return true;
}

bool keeper_roomds_settle(struct keeper_roomds *roomds)
{
	unsigned batch = LIMIT_SPAWN_BATCH;

	for (;;) {
		struct keeper_roomd *r = TAILQ_FIRST(&roomds->due);
		struct ipc_spawn_failed failed = {.count = roomds->failed_due, .error = roomds->failed_error};
		if (r) {
			if (!say_due(roomds, r))
				return false;
		} else if (roomds->inherited_due) {
			if (!say(roomds, IPC_INHERITED, &(struct ipc_nothing){0}, -1))
				return false;
			roomds->inherited_due = false;
		} else if (roomds->failed_due) {
			if (!say(roomds, IPC_SPAWN_FAILED, &failed, -1))
				return false;
			roomds->failed_due = 0;
		} else if (roomds->spawns_due && batch > 0) {
			batch--;
			int error = start_fresh(roomds);
			roomds->spawns_due--;
			if (error < 0) {
				roomds->failed_due = 1 + roomds->spawns_due;
				roomds->failed_error = -error;
				roomds->spawns_due = 0;
			}
		} else {
			return true;
		}
	}
}

/* --- the processes --- */

static void on_dead(struct keeper_roomds *roomds, struct keeper_roomd *r)
{
	RB_REMOVE(keeper_pid_tree, &roomds->by_pid, r);
	r->dead = true;
	settle_dead(roomds, r);
}

static void on_stopped(struct keeper_roomds *roomds, struct keeper_roomd *r, bool stopped, uint64_t now_ms)
{
	roomds->stopped += stopped;
	roomds->stopped -= r->kill_ms != 0;
	r->kill_ms = stopped ? now_ms + KEEPER_STOPPED_MS : 0;
}

void keeper_roomds_on_child(struct keeper_roomds *roomds, const siginfo_t *info, uint64_t now_ms)
{
	struct keeper_roomd key = {.pid = info->si_pid};
	struct keeper_roomd *r = RB_FIND(keeper_pid_tree, &roomds->by_pid, &key);

	if (!r || r->stranger)
		return;
	on_stopped(roomds, r, info->si_code == CLD_STOPPED, now_ms);
	if (info->si_code == CLD_STOPPED || info->si_code == CLD_CONTINUED)
		return;
	if (info->si_code != CLD_EXITED && info->si_status != SIGKILL)
		keeper_program_renew(r->program); /* it crashed, perhaps on a guess at where things lie */
	if (info->si_code != CLD_EXITED)
		log_warn("roomd-killed", "roomd=%llu signal=%d", (unsigned long long)r->number, info->si_status);
	else if (info->si_status != 0)
		log_warn("roomd-failed", "roomd=%llu status=%d", (unsigned long long)r->number, info->si_status);
	on_dead(roomds, r);
}

void keeper_roomds_on_pidfd(struct keeper_roomds *roomds, uint64_t number)
{
	struct keeper_roomd *r = find(roomds, number);

	if (!r || r->dead)
		return;
	epoll_ctl(roomds->epoll, EPOLL_CTL_DEL, r->pidfd, NULL);
	/* How, only its parent would know; whether its room is to go on, the broker says. */
	log_debug("roomd-ended", "roomd=%llu", (unsigned long long)r->number);
	on_dead(roomds, r);
}

uint64_t keeper_roomds_tick(struct keeper_roomds *roomds, uint64_t now_ms)
{
	uint64_t next_ms = keeper_roomds_store_again(roomds, now_ms);
	struct keeper_roomd *r;

	if (roomds->stopped == 0)
		return next_ms;
	RB_FOREACH (r, keeper_pid_tree, &roomds->by_pid) {
		if (r->kill_ms && r->kill_ms <= now_ms) {
			log_warn("roomd-stopped", "roomd=%llu", (unsigned long long)r->number);
			kill_it(r);
			on_stopped(roomds, r, false, now_ms);
		} else if (r->kill_ms && (!next_ms || r->kill_ms < next_ms)) {
			next_ms = r->kill_ms;
		}
	}
	return next_ms;
}

void keeper_roomds_kill(struct keeper_roomds *roomds)
{
	struct keeper_roomd *r;

	RB_FOREACH (r, keeper_pid_tree, &roomds->by_pid)
		kill_it(r);
}
