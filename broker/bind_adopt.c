/* bind_adopt - listening sockets that the service manager made: "socket activation". */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bind.h"
#include "ipc_messages.h"
#include "setting_table.h"

struct where {
	char host[NI_MAXHOST]; /* empty: none, for a Unix socket */
	uint16_t port;
	bool any, loopback;
};

static struct where where_is(int fd)
{
	struct where where = {.host = ""};
	struct sockaddr_storage address = {0};
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return where;
	if (address.ss_family == AF_INET) {
		uint32_t host = ntohl(in->sin_addr.s_addr);
		where.port = ntohs(in->sin_port);
		where.any = host == INADDR_ANY;
		where.loopback = host >> 24 == IN_LOOPBACKNET;
	} else if (address.ss_family == AF_INET6) {
		where.port = ntohs(in6->sin6_port);
		where.any = IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
		where.loopback = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	} else {
		return where;
	}
	if (getnameinfo((struct sockaddr *)&address, length, where.host, sizeof(where.host), NULL, 0, NI_NUMERICHOST))
		where.host[0] = '\0';
	return where;
}

void bind_where(int fd, char *ret, size_t size)
{
	struct sockaddr_un address = {0};
	socklen_t length = sizeof(address) - 1;
	const struct where where = where_is(fd);

	*ret = '\0';
	if (*where.host)
		snprintf(ret, size, strchr(where.host, ':') ? "[%s]:%u" : "%s:%u", where.host, where.port);
	else if (getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.sun_family == AF_UNIX)
		snprintf(ret, size, "%s", address.sun_path);
}

bool bind_is_listening(int fd)
{
	int listening = 0, type = 0;
	socklen_t length = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

uint32_t bind_kind(const struct bind_listeners *listeners, unsigned number)
{
	const struct where where = where_is(listeners->fds[number]);

	return (listeners->proxy[number] ? IPC_LISTENER_PROXY : 0U) | (where.loopback ? IPC_LISTENER_LOOPBACK : 0U) |
	       (*where.host ? 0U : IPC_LISTENER_UNIX);
}

int bind_adopt(struct bind_listeners *listeners, int fd, bool proxy, struct settings_problem *ret_problem)
{
	const char *what = NULL;
	int flags = fcntl(fd, F_GETFL);

	if (!bind_is_listening(fd) || flags < 0)
		what = "one that is no listening stream socket: it must come from ListenStream= with Accept=no";
	else if (listeners->count == BIND_LISTENERS_MAX)
		what = "too many: leave some ListenStream= out";
	if (what) {
		snprintf(ret_problem->text, sizeof(ret_problem->text),
			 "of the sockets for clients, the service manager passed %s", what);
		return -EINVAL;
	}
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	if (listeners->count == 0)
		listeners->port = where_is(fd).port;
	listeners->proxy[listeners->count] = proxy;
	listeners->fds[listeners->count++] = fd;
	listeners->first_of_list = listeners->count;
	return 0;
}

static bool is_host(const struct where *where, const char *host)
{
	if (strcmp(host, "*") == 0)
		return where->any;
	return strcmp(host, "localhost") == 0 ? where->loopback : strcmp(host, where->host) == 0;
}

static int disagree(enum setting_id id, const struct settings_loaded *loaded, const struct where *where,
		    struct settings_problem *ret_problem)
{
	struct out o = problem_begin(ret_problem);

	setting_spell(&o, id, SETTING_AS_KEY);
	out_text(&o, " = ");
	setting_write(&o, id, &loaded->values);
	out_text(&o, " (");
	settings_write_origin(&o, id, loaded);
	out_text(&o, ") disagrees with the socket that the service manager made, which is ");
	out_text(&o, *where->host ? where->host : "a Unix socket");
	if (*where->host) {
		out_text(&o, " port ");
		out_unsigned(&o, where->port);
	}
	out_text(&o, ": leave the setting out, and change ListenStream= of the socket unit");
	return problem_end(ret_problem, &o);
}

int bind_agree(const struct bind_listeners *listeners, const struct settings_loaded *loaded,
	       struct settings_problem *ret_problem)
{
	bool host_chosen = loaded->origins[SETTING_host].kind != SETTINGS_BY_DEFAULT;
	bool port_chosen = loaded->origins[SETTING_port].kind != SETTINGS_BY_DEFAULT;

	for (unsigned i = 0; i < listeners->count; i++) {
		const struct where where = where_is(listeners->fds[i]);
		if (*loaded->values.listen)
			return disagree(SETTING_listen, loaded, &where, ret_problem);
		if (listeners->proxy[i]) /* `host` and `port` are where clients connect */
			continue;
		if (host_chosen && !is_host(&where, loaded->values.host))
			return disagree(SETTING_host, loaded, &where, ret_problem);
		if (port_chosen && loaded->values.port != where.port)
			return disagree(SETTING_port, loaded, &where, ret_problem);
	}
	return 0;
}
