/* operators - the sockets for those who run the server. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind.h"
#include "ipc.h"
#include "log.h"
#include "operators.h"
#include "passed.h"
#include "privileges.h"
#include "setting_table.h"

/* Collectors that wait to be accepted. */
#define METRICS_BACKLOG 16

/* --- who may --- */

/* Finds the group of a setting; one that is only a default need not be there. Returns 0 or -ENOENT. */
static int find_group(const char *setting, const char *name, const char *otherwise, uint32_t *ret,
		      struct settings_problem *ret_problem)
{
	const struct group *group = *name ? getgrnam(name) : otherwise ? getgrnam(otherwise) : NULL;

	*ret = group ? group->gr_gid : IPC_CONTROL_NOBODY;
	if (group || !*name)
		return 0;
	struct out o = problem_begin(ret_problem);
	out_text(&o, setting);
	out_text(&o, ": there is no group \"");
	setting_quote(&o, name, strlen(name));
	out_text(&o, "\"; create it, or name another");
	problem_end(ret_problem, &o);
	return -ENOENT;
}

static int find_rights(const struct settings *s, bool passed, struct ipc_control *ret,
		       struct settings_problem *ret_problem)
{
	bool root = geteuid() == 0 || passed;
	bool own;
	uid_t user = privileges_user(s->user, &own);

	/* A user that others share (nobody) is not the operator. */
	*ret = (struct ipc_control){.owner = own ? user : IPC_CONTROL_NOBODY};
	int error =
	    find_group("control_group", s->control_group, root ? "video-signaling" : NULL, &ret->readers, ret_problem);
	if (error == 0)
		error = find_group("control_admin_group", s->control_admin_group, root ? "video-signaling-admin" : NULL,
				   &ret->admins, ret_problem);
	return error;
}

/* --- control --- */

/* At the default place: a server that is there already keeps its name, and ours gets one with our port. */
static int open_default(uint16_t port, uid_t owner, gid_t group, struct control_socket *ret)
{
	char directory[CONTROL_PATH_BYTES];
	char path[CONTROL_PATH_BYTES];
	char file[32];

	*ret = (struct control_socket){.fd = -1};
	if (!control_path_directory(directory) || !control_path_join(path, directory, CONTROL_FILE))
		return -ENAMETOOLONG;
	int error = control_socket_directory(directory, owner, geteuid() == 0);
	if (error == 0)
		error = control_socket_open(path, owner, group, ret);
	if (error != -EADDRINUSE)
		return error;
	snprintf(file, sizeof(file), "control-%u.sock", port);
	if (!control_path_join(path, directory, file))
		return -ENAMETOOLONG;
	return control_socket_open(path, owner, group, ret);
}

static int open_control(const struct settings *s, uint16_t port, struct operators *o,
			struct settings_problem *ret_problem)
{
	bool own;
	uid_t owner = privileges_user(s->user, &own);
	uint32_t group = o->rights.readers != IPC_CONTROL_NOBODY ? o->rights.readers : o->rights.admins;

	if (strcmp(s->control, "none") == 0)
		return 0;
	if (!*s->control) {
		int error = open_default(port, owner, group, &o->control);
		if (error < 0)
			log_warn("no-control", "error=\"%s\" advice=\"name a socket with --control\"",
				 strerror(-error));
		return 0;
	}
	int error = control_socket_open(s->control, owner, group, &o->control);
	if (error == 0)
		return 0;
	struct out out = problem_begin(ret_problem);
	out_text(&out, "control: cannot listen at \"");
	setting_quote(&out, s->control, strlen(s->control));
	out_text(&out, "\": ");
	out_text(&out, error == -EADDRINUSE ? "another server listens there, or it is no socket" : strerror(-error));
	out_text(&out, "; choose another path with --control, or none");
	problem_end(ret_problem, &out);
	return error;
}

/* --- metrics --- */

/* Takes `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464` apart, and listens there. Returns 0 or -errno. */
static int listen_at(const char *where, int *ret)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
	const char *colon = strrchr(where, ':');
	struct addrinfo *info;
	char host[SETTINGS_TEXT_BYTES];
	int on = 1;
	int error = 0;

	size_t bracket = where[0] == '[';
	size_t length = (size_t)(colon - where) - 2 * bracket;
	memcpy(host, where + bracket, length);
	host[length] = '\0';
	if (getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, colon + 1, &hints, &info) != 0)
		return -EADDRNOTAVAIL;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, METRICS_BACKLOG) < 0) {
		error = -errno;
		if (fd >= 0)
			close(fd);
	}
	freeaddrinfo(info);
	*ret = error < 0 ? -1 : fd;
	return error;
}

static int open_metrics(const struct settings_loaded *loaded, struct operators *o, struct settings_problem *ret_problem)
{
	const char *where = loaded->values.metrics;

	if (strcmp(where, "none") == 0)
		return 0;
	int error = listen_at(where, &o->metrics);
	if (error == 0)
		return 0;
	if (loaded->origins[SETTING_metrics].kind == SETTINGS_BY_DEFAULT) {
		log_warn("no-metrics", "address=%s error=\"%s\" advice=\"choose another with --metrics\"", where,
			 strerror(-error));
		return 0;
	}
	struct out out = problem_begin(ret_problem);
	out_text(&out, "metrics: cannot listen on ");
	setting_quote(&out, where, strlen(where));
	out_text(&out, ": ");
	out_text(&out, strerror(-error));
	out_text(&out, "; choose another address and port with --metrics, or none");
	problem_end(ret_problem, &out);
	return error;
}

/* --- both --- */

void operators_init(struct operators *o)
{
	*o = (struct operators){.control.fd = -1, .metrics = -1};
}

int operators_adopt(struct operators *o, const char *name, int fd, struct settings_problem *ret_problem)
{
	int *place = strcmp(name, PASSED_CONTROL) == 0   ? &o->control.fd
		     : strcmp(name, PASSED_METRICS) == 0 ? &o->metrics
							 : NULL;
	const char *what = NULL;

	if (!place)
		what = "; what is understood as FileDescriptorName= is " PASSED_CLIENT ", " PASSED_CLIENT_PROXY
		       ", " PASSED_CONTROL " and " PASSED_METRICS;
	else if (*place >= 0)
		what = " twice: one ListenStream= is enough";
	else if (!bind_is_listening(fd))
		what = " that is no listening stream socket: it must come from ListenStream= with Accept=no";
	if (!what && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		what = " that can't be made non-blocking";
	if (!what) {
		*place = fd;
		return 0;
	}
	struct out out = problem_begin(ret_problem);
	out_text(&out, "the service manager passed a descriptor called \"");
	out_visible(&out, name, strlen(name));
	out_text(&out, "\"");
	out_text(&out, what);
	return problem_end(ret_problem, &out);
}

#define OWN_CONTROL "+.c"

void operators_name_control(const struct operators *o, char name[PASSED_NAME_BYTES])
{
	const struct ipc_control *r = &o->rights;

	snprintf(name, PASSED_NAME_BYTES, OWN_CONTROL "%u,%u,%u,%u", r->owner, r->admins, r->readers,
		 o->control.inode ? 1U : 0U);
}

bool operators_take_control(struct operators *o, const char *name, int fd)
{
	const char *at = name + strlen(OWN_CONTROL);
	uint32_t numbers[4];
	struct stat st;

	if (strncmp(name, OWN_CONTROL, strlen(OWN_CONTROL)) != 0)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		char *end;
		numbers[i] = (uint32_t)strtoul(at, &end, 10);
		if (end == at || *end != (i < 3 ? ',' : '\0'))
			return false;
		at = end + 1;
	}
	o->rights = (struct ipc_control){.owner = numbers[0], .admins = numbers[1], .readers = numbers[2]};
	o->control.fd = fd;
	bind_where(fd, o->control.path, sizeof(o->control.path));
	/* The file is ours to remove only if we made it. */
	if (numbers[3] && lstat(o->control.path, &st) == 0) {
		o->control.device = st.st_dev;
		o->control.inode = st.st_ino;
	}
	return true;
}

/* Is what somebody chose where the socket is that we were given? */
static int agree(enum setting_id id, const char *chosen, const struct settings_loaded *loaded, int fd,
		 struct settings_problem *ret_problem)
{
	char where[SETTINGS_TEXT_BYTES];

	bind_where(fd, where, sizeof(where));
	if (loaded->origins[id].kind == SETTINGS_BY_DEFAULT || strcmp(chosen, where) == 0)
		return 0;
	struct out o = problem_begin(ret_problem);
	setting_spell(&o, id, SETTING_AS_KEY);
	out_text(&o, " = ");
	setting_write(&o, id, &loaded->values);
	out_text(&o, " (");
	settings_write_origin(&o, id, loaded);
	out_text(&o, ") disagrees with the socket that the service manager made, which is ");
	out_text(&o, where);
	out_text(&o, ": leave the setting out, and change or disable the socket unit");
	return problem_end(ret_problem, &o);
}

int operators_open(const struct settings_loaded *loaded, uint16_t port, struct operators *o,
		   struct settings_problem *ret_problem)
{
	const struct settings *s = &loaded->values;
	int error = find_rights(s, o->control.fd >= 0, &o->rights, ret_problem);

	if (error == 0)
		error = o->control.fd >= 0 ? agree(SETTING_control, s->control, loaded, o->control.fd, ret_problem)
					   : open_control(s, port, o, ret_problem);
	if (error == 0)
		error = o->metrics >= 0 ? agree(SETTING_metrics, s->metrics, loaded, o->metrics, ret_problem)
					: open_metrics(loaded, o, ret_problem);
	if (error < 0)
		operators_fini(o);
	return error;
}

int operators_equip(const struct operators *o, int channel)
{
	int error = 0;

	if (o->control.fd >= 0)
		error = ipc_send(channel, IPC_CONTROL, &o->rights, NULL, 0, o->control.fd);
	if (error == 0 && o->metrics >= 0)
		error = ipc_send(channel, IPC_METRICS, &(struct ipc_nothing){0}, NULL, 0, o->metrics);
	return error;
}

void operators_fini(struct operators *o)
{
	control_socket_fini(&o->control);
	if (o->metrics >= 0)
		close(o->metrics);
	o->metrics = -1;
}
