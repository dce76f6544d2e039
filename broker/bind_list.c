/* bind_list - all that the settings say is to be listened on. */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind.h"
#include "listen_list.h"
#include "setting_table.h"

/* As in bind.c: as many as the kernel lets us have. */
#define BACKLOG 65535

static int problem(const struct listen_entry *entry, const char *why, const char *advice, int error,
		   struct settings_problem *ret_problem)
{
	struct out o = problem_begin(ret_problem);

	out_text(&o, "listen: cannot listen at \"");
	setting_quote(&o, entry->path, strlen(entry->path));
	out_text(&o, "\": ");
	out_text(&o, why);
	out_text(&o, advice);
	problem_end(ret_problem, &o);
	return error;
}

static int open_unix(const struct listen_entry *entry, struct bind_listeners *l, struct settings_problem *ret_problem)
{
	const struct group *group = *entry->group ? getgrnam(entry->group) : NULL;
	struct control_socket *s = &l->sockets[l->socket_count];

	if (*entry->group && !group)
		return problem(entry, "there is no group ", entry->group, -EINVAL, ret_problem);
	if (l->socket_count == BIND_UNIX_MAX)
		return problem(entry, "there may be 8 Unix sockets", "", -EINVAL, ret_problem);
	int error = control_socket_open(entry->path, (uid_t)-1, group ? group->gr_gid : (gid_t)-1, s);
	if (error == -EADDRINUSE)
		return problem(entry, "another program listens there, or it is no socket", "; choose another path",
			       error, ret_problem);
	if (error == -ENOENT)
		return problem(entry, "there is no such directory", "; make it, and let only the server write in it",
			       error, ret_problem);
	if (error == 0 && (chmod(entry->path, entry->mode) < 0 || listen(s->fd, BACKLOG) < 0))
		error = -errno;
	if (error < 0)
		return problem(entry, strerror(-error), "", error, ret_problem);
	l->socket_count++;
	l->proxy[l->count] = entry->proxy;
	l->fds[l->count++] = s->fd;
	return 0;
}

static int open_address(const struct listen_entry *entry, struct bind_listeners *l,
			struct settings_problem *ret_problem)
{
	struct bind_listeners more;
	int error = bind_open(entry->host, entry->port, &more, ret_problem);

	for (unsigned i = 0; error == 0 && i < more.count; i++) {
		l->proxy[l->count] = entry->proxy;
		l->fds[l->count++] = more.fds[i];
	}
	return error;
}

int bind_all(const struct settings *settings, struct bind_listeners *ret, struct settings_problem *ret_problem)
{
	const char *list = settings->listen;
	struct listen_entry entry;
	int error = 0;

	*ret = (struct bind_listeners){.count = 0};
	if (strcmp(settings->host, "none") != 0)
		error = bind_open(settings->host, (uint16_t)settings->port, ret, ret_problem);
	ret->first_of_list = ret->count;
	while (error == 0 && listen_list_next(&list, &entry) > 0) {
		/* A host may stand for several addresses. */
		if (ret->count + BIND_LISTENERS_MAX / 4 > BIND_LISTENERS_MAX)
			return problem(&entry, "there are too many listeners", "", -EINVAL, ret_problem);
		error = *entry.path ? open_unix(&entry, ret, ret_problem) : open_address(&entry, ret, ret_problem);
	}
	return error;
}

static void retake(const char *path, struct bind_listeners *l)
{
	char where[sizeof(l->sockets[0].path) + 1];
	struct control_socket *s = &l->sockets[l->socket_count];
	struct stat st;

	for (unsigned i = 0; i < l->count && l->socket_count < BIND_UNIX_MAX; i++) {
		bind_where(l->fds[i], where, sizeof(where));
		if (strcmp(where, path) != 0 || lstat(path, &st) < 0)
			continue;
		*s = (struct control_socket){.fd = l->fds[i], .device = st.st_dev, .inode = st.st_ino};
		memcpy(s->path, path, strlen(path) + 1);
		l->socket_count++;
		return;
	}
}

void bind_retake(const struct settings *settings, struct bind_listeners *listeners)
{
	const char *list = settings->listen;
	struct listen_entry entry;

	while (listen_list_next(&list, &entry) > 0)
		if (*entry.path)
			retake(entry.path, listeners);
}

void bind_fini(struct bind_listeners *listeners)
{
	while (listeners->socket_count > 0)
		control_socket_fini(&listeners->sockets[--listeners->socket_count]);
}
