/* control_socket - the listening Unix socket for operators. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control_socket.h"

#define BACKLOG 1024

/* How long another server that starts in the same directory is waited for, in milliseconds. */
#define LOCK_MS 1000

int control_socket_directory(const char *directory, uid_t owner, bool system)
{
	struct stat st;

	if (mkdir(directory, system ? 0755 : 0700) == 0)
		return geteuid() == 0 && chown(directory, owner, (gid_t)-1) < 0 ? -errno : 0;
	if (errno != EEXIST)
		return -errno;
	/* It is there: in /tmp, anybody may have made it. */
	if (lstat(directory, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != owner)
		return -EPERM;
	return st.st_mode & 022 ? -EPERM : 0;
}

/* So that of two servers that start at once, one does not remove what the other has just made. A lock that can't be
 * had is done without. Returns a descriptor to be closed, or -1. */
static int lock_directory(const char *path)
{
	char directory[CONTROL_PATH_BYTES];
	const char *slash = strrchr(path, '/');

	if (!slash)
		return -1;
	size_t length = slash == path ? 1 : (size_t)(slash - path);
	memcpy(directory, path, length);
	directory[length] = '\0';
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int ms = 0; fd >= 0 && ms < LOCK_MS && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK; ms += 10)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	return fd;
}

/* Does nobody listen there any more? */
static bool is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale = false;

	if (fd < 0)
		return false;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 && errno == ECONNREFUSED)
		stale = lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode);
	close(fd);
	return stale;
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177); /* nobody else can connect before it is known who may */
	int error = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	if (error == -EADDRINUSE && is_stale(address) && unlink(address->sun_path) == 0)
		error = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	umask(mask);
	return error;
}

/* Gives the file to those who may connect, and notes which file it is. */
static int hand_out(struct control_socket *s, uid_t owner, gid_t group)
{
	struct stat st;

	if (geteuid() != 0)
		owner = (uid_t)-1;
	if ((owner != (uid_t)-1 || group != (gid_t)-1) && lchown(s->path, owner, group) < 0)
		return -errno;
	if (group != (gid_t)-1 && chmod(s->path, 0660) < 0)
		return -errno;
	if (lstat(s->path, &st) < 0)
		return -errno;
	s->device = st.st_dev;
	s->inode = st.st_ino;
	return 0;
}

int control_socket_open(const char *path, uid_t owner, gid_t group, struct control_socket *ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int lock;
	int error;

	*ret = (struct control_socket){.fd = -1};
	static_assert(sizeof(address.sun_path) == sizeof(ret->path), "a path is what fits a socket's name");
	if (strlen(path) >= sizeof(ret->path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	memcpy(ret->path, path, strlen(path) + 1);
	ret->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (ret->fd < 0)
		return -errno;
	lock = lock_directory(path);
	error = bind_to(ret->fd, &address);
	if (error == 0 && listen(ret->fd, BACKLOG) < 0)
		error = -errno;
	if (error == 0)
		error = hand_out(ret, owner, group);
	if (lock >= 0)
		close(lock);
	if (error < 0) {
		close(ret->fd);
		ret->fd = -1;
	}
	return error;
}

void control_socket_fini(struct control_socket *s)
{
	struct stat st;

	if (s->fd < 0)
		return;
	if (lstat(s->path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode)
		unlink(s->path);
	close(s->fd);
	s->fd = -1;
}
