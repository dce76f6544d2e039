#include "floor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_child(int signal_number)
{
	(void)signal_number; /* only to end ppoll() */
}

int zygote_run(int channel, bool unmask)
{
	struct sigaction action = {.sa_handler = on_child};
	sigset_t child, none;
	sigemptyset(&none);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigaction(SIGCHLD, &action, NULL);
	sigprocmask(SIG_BLOCK, &child, NULL);

	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		struct pollfd ready = {.fd = channel, .events = POLLIN};
		if (ppoll(&ready, 1, NULL, &none) < 0)
			continue;
		int fds[2];
		int n = fds_receive(channel, fds);
		if (n <= 0)
			return 0;
		if (fork() == 0) {
			close(channel);
			_exit(room_run(fds[0], fds[1], unmask));
		}
		close(fds[0]);
		close(fds[1]);
	}
}
