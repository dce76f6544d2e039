/* keeper_left - what a keeper before this one left. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper_left.h"
#include "log.h"

/* A process that was killed is gone within moments; for one that hangs in the kernel nobody waits for ever. */
#define KILLED_MS_MAX 5000

/* More rooms than there can be processes. */
#define PLACES_MAX 4194304

void keeper_left_init(struct keeper_left *left)
{
	*left = (struct keeper_left){.memory = -1, .broker_pidfd = -1, .broker_channel = -1};
}

/* The room in that place, which is made if need be. NULL: no memory. */
static struct keeper_roomd_left *room_at(struct keeper_left *left, int place)
{
	/* They come in order, mostly. */
	for (unsigned i = left->count; i > 0; i--)
		if (left->rooms[i - 1].place == place)
			return &left->rooms[i - 1];
	struct keeper_roomd_left *more = reallocarray(left->rooms, left->count + 1, sizeof(*more));
	if (!more)
		return NULL;
	left->rooms = more;
	more[left->count] =
	    (struct keeper_roomd_left){.channel = -1, .pidfd = -1, .ledger = -1, .roster = -1, .place = place};
	return &more[left->count++];
}

/* Which of a room's descriptors it is. NULL: none, or there is one already. */
static int *part_of(struct keeper_roomd_left *room, int fd)
{
	char path[64];
	char target[64] = "";
	struct stat st;
	int *part = NULL;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
		part = &room->channel;
	else if (readlink(path, target, sizeof(target) - 1) < 0)
		part = NULL;
	else if (strcmp(target, "anon_inode:[pidfd]") == 0 || strncmp(target, "pidfd:", 6) == 0)
		part = &room->pidfd;
	else if (strncmp(target, "/memfd:room ", 12) == 0)
		part = &room->ledger;
	else if (strncmp(target, "/memfd:roster ", 14) == 0)
		part = &room->roster;
	return part && *part < 0 ? part : NULL;
}

/* Keeps one of those of which there is one. */
static bool keep(int *place, int fd)
{
	if (*place >= 0)
		close(*place);
	*place = fd;
	return true;
}

bool keeper_left_take(struct keeper_left *left, const char *name, int fd)
{
	char base[PASSED_NAME_BYTES];
	const char *number = strchr(name, ',');

	snprintf(base, sizeof(base), "%.*s", number ? (int)(number - name) : PASSED_NAME_BYTES - 1, name);
	int place = keeper_store_place(base);
	if (strcmp(name, STORE_MEMORY) == 0)
		return keep(&left->memory, fd);
	if (strcmp(name, STORE_BROKER) == 0)
		return keep(&left->broker_pidfd, fd);
	if (strncmp(name, LEFT_BROKER_CHANNEL, strlen(LEFT_BROKER_CHANNEL)) == 0) {
		left->broker_pid = passed_number(name + strlen(LEFT_BROKER_CHANNEL));
		return keep(&left->broker_channel, fd);
	}
	if (place < 0 || place > PLACES_MAX)
		return false;
	struct keeper_roomd_left *room = room_at(left, place);
	int *part = room ? part_of(room, fd) : NULL;
	if (room && number)
		room->number = strtoull(number + 1, NULL, 10);
	if (part)
		*part = fd;
	else
		close(fd);
	return true;
}

void keeper_left_end_broker(struct keeper_left *left)
{
	struct pollfd ended = {.fd = left->broker_pidfd, .events = POLLIN};

	if (left->broker_pidfd < 0)
		return;
	/* It has lost its keeper, and goes by itself: but not two of them may speak to the rooms. */
	syscall(SYS_pidfd_send_signal, left->broker_pidfd, SIGKILL, NULL, 0);
	if (poll(&ended, 1, KILLED_MS_MAX) == 0)
		log_error("broker-left", "error=\"the broker of the keeper before does not end\"");
	close(left->broker_pidfd);
	left->broker_pidfd = -1;
}

void keeper_left_give(struct keeper_left *left, struct keeper_roomds *roomds)
{
	for (unsigned i = 0; i < left->count; i++)
		keeper_roomds_adopt(roomds, &left->rooms[i]);
	if (left->count > 0)
		log_info("rooms-adopted", "processes=%u", left->count);
	free(left->rooms);
	left->rooms = NULL;
	left->count = 0;
}
