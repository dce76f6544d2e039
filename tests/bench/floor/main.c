/*
 * bench_floor - what the server's architecture could reach at best: the same processes, moving frames that nobody
 * looks at. Not a server to be used.
 *
 *   broker   accepts, answers the upgrade (a real one: request head read whole, Sec-WebSocket-Accept computed), reads
 * one frame, finds the room's name in it, and hands the socket over: to the zygote for a new room, else to the room
 *   zygote   forks a room on demand
 *   room     writes `joined`, then moves bytes from each member to all others; ends with its last member
 *
 * What it leaves out, and the server must do: JSON, UTF-8, identities, notices, the sandbox, every limit, keepalive,
 * slow readers (it waits for them), races between a last leave and a join, the carrying over of clients, logs and
 * metrics.
 *
 * How bytes are moved is a choice of two floors:
 *   (default)   as they came, one read and one write: frames stay masked, which no browser would accept. Nothing that
 *               reads and writes sockets can be faster; this is the floor that targets are set against.
 *   --unmask    each frame's head rewritten and its payload unmasked, as RFC 6455 demands of a server: the fastest
 *               legal relay.
 */
#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(uint16_t *ret_port)
{
	static const int one = 1;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
		return -1;
	/* Accepted sockets inherit it. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (listen(fd, 4096) < 0 || getsockname(fd, (struct sockaddr *)&at, &length) < 0)
		return -1;
	*ret_port = ntohs(at.sin_port);
	return fd;
}

int main(int argc, char *argv[])
{
	bool unmask = argc > 1 && strcmp(argv[1], "--unmask") == 0;
	int ends[2];
	uint16_t port;

	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return 1;
	pid_t parent = getpid(), zygote = fork();
	if (zygote < 0)
		return 1;
	if (zygote == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			return 1;
		close(ends[0]);
		return zygote_run(ends[1], unmask);
	}
	close(ends[1]);

	int listener = listen_on(&port);
	if (listener < 0) {
		perror("bench_floor");
		return 1;
	}
	printf("bench_floor (%s) listens: http://localhost:%u/\n", unmask ? "unmasking" : "unparsed", port);
	fflush(stdout);
	return broker_run(listener, ends[0]);
}
