/* keeper_program - a roomd program, and its zygote. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "ipc.h"
#include "keeper_program.h"
#include "log.h"

/* How often one that does not answer is looked at. */
#define LOOK_MS 100

static LIST_HEAD(, keeper_program) programs;

static int start_zygote(struct keeper_program *p)
{
	int ends[2];
	int error = ipc_channel(ends);

	if (error < 0)
		return error;
	pid_t pid = child_start(p->fd, "video-signaling: zygote", &ends[1], 1);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return pid;
	}
	p->zygote = pid;
	p->channel = ends[0];
	return 0;
}

/* Its channel's end tells it to go. */
static void forget_zygote(struct keeper_program *p)
{
	close(p->channel);
	p->zygote = 0;
	p->made = 0;
}

static void log_killed(int signal_number)
{
	log_warn("zygote-killed", "signal=%d", signal_number);
}

static void rest(struct keeper_program *p)
{
	pid_t zygote = p->zygote;
	int status = 0;

	if (!zygote)
		return;
	forget_zygote(p);
	kill(zygote, SIGCONT); /* it may be stopped */
	for (unsigned waited_ms = 0; waitpid(zygote, &status, WNOHANG) == 0; waited_ms++) {
		if (waited_ms == ZYGOTE_PATIENCE_MS)
			kill(zygote, SIGKILL);
		poll(NULL, 0, 1);
	}
	if (WIFSIGNALED(status)) /* by whomever: its channel's end would have been enough */
		log_killed(WTERMSIG(status));
}

bool keeper_program_on_child(const siginfo_t *info)
{
	struct keeper_program *p;

	LIST_FOREACH (p, &programs, link) {
		if (p->zygote != info->si_pid)
			continue;
		if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
			log_killed(info->si_status);
		if (info->si_code == CLD_STOPPED)
			rest(p);
		else if (info->si_code != CLD_CONTINUED)
			forget_zygote(p);
		return true;
	}
	return false;
}

void keeper_program_renew(struct keeper_program *p)
{
	rest(p);
	start_zygote(p);
}

struct keeper_program *keeper_program_new(int fd)
{
	struct keeper_program *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct keeper_program){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .users = 1};
	if (p->fd < 0) {
		free(p);
		return NULL;
	}
	LIST_INSERT_HEAD(&programs, p, link);
	start_zygote(p);
	return p;
}

void keeper_program_put(struct keeper_program *p)
{
	if (--p->users > 0)
		return;
	rest(p);
	LIST_REMOVE(p, link);
	close(p->fd);
	free(p);
}

void keeper_program_supersede(struct keeper_program *p)
{
	rest(p);
	keeper_program_put(p);
}

void keeper_programs_rest(void)
{
	struct keeper_program *p;

	LIST_FOREACH (p, &programs, link)
		rest(p);
}

static bool is_stopped(const struct keeper_program *p)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)p->zygote, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
}

/* Returns whether there is something to receive. */
static bool wait_for_answer(const struct keeper_program *p)
{
	struct pollfd answer = {.fd = p->channel, .events = POLLIN};
	unsigned patience_ms = p->made ? ZYGOTE_PATIENCE_MS : ZYGOTE_START_MS;

	for (unsigned waited_ms = 0; waited_ms < patience_ms; waited_ms += LOOK_MS) {
		if (poll(&answer, 1, LOOK_MS) > 0)
			return true;
		if (is_stopped(p))
			return false;
	}
	return false;
}

/* Returns a pid; or -errno, and *ret_answered tells whether that was the zygote's answer. */
static pid_t ask(struct keeper_program *p, int channel, bool *ret_answered)
{
	static struct ipc_inbox inbox;
	struct ipc_message m;

	*ret_answered = false;
	int error = ipc_send(p->channel, IPC_MAKE, &(struct ipc_nothing){0}, NULL, 0, channel);
	if (error < 0)
		return error;
	if (!wait_for_answer(p))
		return -ETIMEDOUT;
	error = ipc_recv(p->channel, IPC_FROM_ZYGOTE, IPC_IN_SERVING, &inbox, &m);
	if (error < 0)
		return error;
	*ret_answered = true;
	return ((const struct ipc_made *)m.body)->pid;
}

pid_t keeper_program_make(struct keeper_program *p, int channel)
{
	bool answered = false;
	pid_t pid = -EAGAIN;

	if (p->made == LIMIT_ZYGOTE_ROOMDS)
		keeper_program_renew(p);
	for (unsigned turn = 0; turn < 2 && !answered; turn++) {
		int error = p->zygote ? 0 : start_zygote(p);
		if (error < 0)
			return error;
		pid = ask(p, channel, &answered);
		if (!answered)
			rest(p);
	}
	p->made += pid > 0;
	return pid;
}
