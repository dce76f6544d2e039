/* notify - tells the service manager how we are. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

/* Signs of life in one period of the watchdog: two of three may be late. */
#define SIGNS 3

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || length < 2 || length >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@') /* the abstract namespace, whose names have no NUL at the end but one at the front */
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	length += offsetof(struct sockaddr_un, sun_path) + (path[0] == '/');
	if (connect(fd, (struct sockaddr *)&address, (socklen_t)length) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A whole decimal number from 1 to LLONG_MAX, else 0. */
static uint64_t number_of(const char *text)
{
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	return *end || errno || number < 0 ? 0 : (uint64_t)number;
}

void notify_init(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const char *pid = getenv("WATCHDOG_PID");

	*notify = (struct notify){.fd = path ? connect_to(path) : -1};
	if (notify->fd >= 0 && (!pid || number_of(pid) == (uint64_t)getpid()))
		notify->watchdog_ms = number_of(getenv("WATCHDOG_USEC")) / 1000;
}

bool notify_on(const struct notify *notify)
{
	return notify->fd >= 0;
}

/* Sends one datagram. Returns 0 or -errno. */
static int tell(const struct notify *notify, const struct iovec *parts, unsigned part_count, const int *fds,
		unsigned count)
{
	struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = part_count};
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(NOTIFY_FDS_MAX * sizeof(int))];
	} control;

	assert(count <= NOTIFY_FDS_MAX);
	if (notify->fd < 0)
		return 0;
	if (count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	if (sendmsg(notify->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	/* Its queue is full, too many descriptors lie in it, or the system lacks memory: all of that passes. */
	return errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM ? -EAGAIN : -errno;
}

bool notify_is_due(const struct notify *notify)
{
	return notify->status != NULL;
}

static struct iovec part(const char *text)
{
	return (struct iovec){(void *)(uintptr_t)text, strlen(text)};
}

int notify_store(const struct notify *notify, const char *state, const int *fds, unsigned count)
{
	struct iovec whole = part(state);

	return tell(notify, &whole, 1, fds, count);
}

static void say_due(struct notify *notify)
{
	static const char *const lines[] = {
	    [NOTIFY_NOTHING] = "", [NOTIFY_READY] = "READY=1\n", [NOTIFY_STOPPING] = "STOPPING=1\n"};
	const struct iovec parts[] = {part(lines[notify->news]), part("STATUS="), part(notify->status)};

	if (tell(notify, parts, sizeof(parts) / sizeof(parts[0]), NULL, 0) == -EAGAIN)
		return;
	notify->news = NOTIFY_NOTHING;
	notify->status = NULL;
}

void notify_say(struct notify *notify, enum notify_news news, const char *status)
{
	if (news != NOTIFY_NOTHING)
		notify->news = news;
	notify->status = status;
	say_due(notify);
}

uint64_t notify_tick(struct notify *notify, uint64_t now_ms)
{
	if (notify->watchdog_ms && now_ms >= notify->next_sign_ms) {
		bool taken = notify_store(notify, "WATCHDOG=1", NULL, 0) != -EAGAIN;
		notify->next_sign_ms = now_ms + (taken ? (notify->watchdog_ms + SIGNS - 1) / SIGNS : NOTIFY_AGAIN_MS);
	}
	if (notify->status)
		say_due(notify);
	uint64_t again_ms = notify->status ? now_ms + NOTIFY_AGAIN_MS : 0;
	return !again_ms || (notify->next_sign_ms && notify->next_sign_ms < again_ms) ? notify->next_sign_ms : again_ms;
}
