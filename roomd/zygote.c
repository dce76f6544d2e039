/* zygote - makes roomds. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc.h"
#include "process_fds.h"
#include "zygote.h"

/* Forks a child of the keeper's, not of ours: its parent sees when it stops or ends, and how. (clone(2); libc's own
 * fork() can't do that, and there is nothing of libc's here that it would have to put right: no thread, no lock.)
 * Returns like fork(2), or -errno. */
static pid_t fork_for_keeper(void)
{
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	return pid < 0 ? -errno : (pid_t)pid;
}

int zygote_serve(struct ipc_inbox *inbox)
{
	struct pollfd keeper = {.fd = ZYGOTE_FD_KEEPER, .events = POLLIN};
	struct ipc_message m;

	for (;;) {
		int error = ipc_recv(keeper.fd, IPC_FROM_KEEPER, IPC_IN_SERVING, inbox, &m);
		if (error == -EAGAIN) {
			poll(&keeper, 1, -1);
			continue;
		}
		if (error < 0 && error != -EMFILE)
			return error;
		if (m.type != IPC_MAKE)
			return -EPROTO;
		struct ipc_made made = {.pid = error < 0 ? error : fork_for_keeper()};
		if (made.pid == 0) {
			assert(m.fd == ROOMD_FD_CHANNEL); /* the first that is free */
			close(keeper.fd);
			return 0;
		}
		if (m.fd >= 0)
			close(m.fd);
		error = ipc_send(keeper.fd, IPC_MADE, &made, NULL, 0, -1);
		if (error < 0) /* the keeper, which waits for each answer, does not wait any more */
			return error;
	}
}
