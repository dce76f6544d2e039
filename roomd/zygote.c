/* zygote - makes roomds. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc.h"
#include "process_fds.h"
#include "zygote.h"

static int begin(void *argument)
{
	const struct zygote_roomd *roomd = argument;

	close(ZYGOTE_FD_KEEPER);
	return roomd->begin(roomd->argument);
}

/* Forks a child of the keeper's, not of ours: its parent sees when it stops or ends, and how. (clone(2); libc's own
 * fork() can't do that, and there is nothing of libc's here that it would have to put right: no thread, no lock.)
 * Returns its pid or -errno. */
static pid_t fork_for_keeper(const struct zygote_roomd *roomd)
{
#ifdef SANDBOX_NONE /* sanitizers and valgrind know of one stack */
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		exit(begin((void *)(uintptr_t)roomd));
#else
	int pid = clone(begin, roomd->stack_end, CLONE_PARENT | SIGCHLD, (void *)(uintptr_t)roomd);
#endif
	return pid < 0 ? -errno : (pid_t)pid;
}

struct ipc_inbox *zygote_inbox(void)
{
	struct ipc_inbox *inbox =
	    mmap(NULL, sizeof(*inbox), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (inbox == MAP_FAILED || madvise(inbox, sizeof(*inbox), MADV_DONTFORK) < 0)
		return NULL;
	return inbox;
}

int zygote_serve(const struct zygote_roomd *roomd, struct ipc_inbox *inbox)
{
	struct pollfd keeper = {.fd = ZYGOTE_FD_KEEPER, .events = POLLIN};
	struct ipc_message m;

	for (;;) {
		poll(&keeper, 1, -1); /* before it reads, lest there be an errno to write: see zygote_inbox() */
		int error = ipc_recv(keeper.fd, IPC_FROM_KEEPER, IPC_IN_SERVING, inbox, &m);
		if (error == -EAGAIN)
			continue;
		if (error < 0 && error != -EMFILE)
			return error;
		if (m.type != IPC_MAKE)
			return -EPROTO;
		assert(error < 0 || m.fd == ROOMD_FD_CHANNEL); /* the first that is free */
		struct ipc_made made = {.pid = error < 0 ? error : fork_for_keeper(roomd)};
		if (m.fd >= 0)
			close(m.fd);
		error = ipc_send(keeper.fd, IPC_MADE, &made, NULL, 0, -1);
		if (error < 0) /* the keeper, which waits for each answer, does not wait any more */
			return error;
	}
}
