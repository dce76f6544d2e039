/* bind - the listening sockets. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bind.h"

/* Connections that wait while no broker accepts: as many as the kernel lets us have (net.core.somaxconn). */
#define BACKLOG 65535

static int problem(struct settings_problem *ret, const char *host, uint16_t port, int error)
{
	const char *advice = "choose another with --host";

	if (error == EADDRINUSE)
		advice = "another program listens there; stop it, or choose another port with --port";
	else if (error == EACCES)
		advice = "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose another port with --port";
	else if (error == EADDRNOTAVAIL)
		advice = "this machine does not have that address; choose another with --host";
	snprintf(ret->text, sizeof(ret->text), "cannot listen on %s port %u: %s: %s", host, port, strerror(error),
		 advice);
	return -error;
}

static int listen_on(const struct sockaddr *address, socklen_t length)
{
	int on = 1;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, address, length) < 0 || listen(fd, BACKLOG) < 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

static uint16_t *port_of(struct sockaddr *address)
{
	return address->sa_family == AF_INET6 ? &((struct sockaddr_in6 *)(void *)address)->sin6_port
					      : &((struct sockaddr_in *)(void *)address)->sin_port;
}

/* Listens on one address; with port 0 the first one's is taken for all. */
static int add(struct bind_listeners *l, const struct addrinfo *info)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (l->count == BIND_LISTENERS_MAX / 4)
		return 0;
	memcpy(&address, info->ai_addr, info->ai_addrlen);
	*port_of((struct sockaddr *)&address) = htons(l->port);
	int fd = listen_on((struct sockaddr *)&address, info->ai_addrlen);
	if (fd < 0)
		return fd;
	if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
		l->port = ntohs(*port_of((struct sockaddr *)&address));
	l->fds[l->count++] = fd;
	return 0;
}

/* Listens on all that `node` stands for. Returns 0 if that is at least one address. A machine without IPv6 still has a
 * loopback and still has "all addresses". */
static int add_node(struct bind_listeners *l, const char *node, int *ret_resolve_error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *infos;
	unsigned before = l->count;
	int last = 0;

	*ret_resolve_error = getaddrinfo(node, "0", &hints, &infos);
	if (*ret_resolve_error)
		return -EINVAL;
	for (const struct addrinfo *i = infos; i; i = i->ai_next) {
		int error = add(l, i);
		if (error < 0)
			last = error;
		if (error < 0 && error != -EAFNOSUPPORT && error != -EADDRNOTAVAIL)
			break;
	}
	freeaddrinfo(infos);
	return l->count > before && (last == 0 || last == -EAFNOSUPPORT || last == -EADDRNOTAVAIL) ? 0 : last;
}

int bind_open(const char *host, uint16_t port, struct bind_listeners *ret, struct settings_problem *ret_problem)
{
	bool localhost = strcmp(host, "localhost") == 0;
	bool all = strcmp(host, "*") == 0 || strcmp(host, "::") == 0;
	int resolve_error;

	*ret = (struct bind_listeners){.port = port};
	int error = add_node(ret, localhost ? "127.0.0.1" : all ? NULL : host, &resolve_error);
	if (resolve_error) {
		snprintf(ret_problem->text, sizeof(ret_problem->text),
			 "host: \"%s\" is no address of this machine (%s); it must be an IP address, localhost or *",
			 host, gai_strerror(resolve_error));
		return -EINVAL;
	}
	if (error == 0 && localhost) {
		error = add_node(ret, "::1", &resolve_error);
		if (resolve_error || error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL)
			error = 0; /* 127.0.0.1 will do */
	}
	if (error == 0)
		return 0;
	for (unsigned i = 0; i < ret->count; i++)
		close(ret->fds[i]);
	return problem(ret_problem, host, port, -error);
}
