/* keeper_store - what outlives the keeper. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_store.h"
#include "log.h"

#define PREFIX '+'

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
#define BASE ((int)sizeof(digits) - 1)

/* Each name takes a prefix, three digits and a colon; 64 bytes are for what else is passed. */
_Static_assert(STORE_ROOMS_MAX <= 62 * 62 * 62, "three digits");
_Static_assert(STORE_ROOMS_MAX *STORE_ROOM_FDS * 5 + 64 < 128 * 1024, "execve() takes no longer variable");

void keeper_store_init(struct keeper_store *store, const struct notify *notify)
{
	const char *most = getenv("FDSTORE");
	int holds = most ? passed_number(most) : 0;
	int rooms = holds > STORE_SINGLES ? (holds - STORE_SINGLES) / STORE_ROOM_FDS : 0;

	*store = (struct keeper_store){.notify = notify,
				       .on = notify_on(notify) && holds > 0,
				       .places = rooms < STORE_ROOMS_MAX ? (unsigned)rooms : STORE_ROOMS_MAX,
				       .singles = {{.name = STORE_MEMORY, .fd = -1}, {.name = STORE_BROKER, .fd = -1}}};
}

static void try_later(struct keeper_store *store)
{
	store->again_ms = clock_ms() + NOTIFY_AGAIN_MS;
}

/* Tells the manager. Returns whether it took that, or never will. */
static bool tell(struct keeper_store *store, const char *state, const int *fds, unsigned count)
{
	int error = notify_store(store->notify, state, fds, count);

	if (error == -EAGAIN)
		try_later(store);
	else if (error < 0)
		log_warn("store",
			 "error=\"%s\" advice=\"the service manager does not take what is to outlive this process\"",
			 strerror(-error));
	return error != -EAGAIN;
}

void keeper_store_name(int place, char name[STORE_NAME_BYTES + 1])
{
	char reversed[STORE_NAME_BYTES];
	int n = 0;

	do
		reversed[n++] = digits[place % BASE];
	while ((place /= BASE) > 0 && n < STORE_NAME_BYTES - 1);
	*name++ = PREFIX;
	while (n > 0)
		*name++ = reversed[--n];
	*name = '\0';
}

int keeper_store_place(const char *name)
{
	int place = 0;

	if (*name++ != PREFIX || !*name || strlen(name) >= STORE_NAME_BYTES)
		return -1;
	for (; *name; name++) {
		const char *digit = strchr(digits, *name);
		if (!digit)
			return -1;
		place = place * BASE + (int)(digit - digits);
	}
	return place;
}

int keeper_store_take(struct keeper_store *store)
{
	for (unsigned i = 0; store->on && i < store->places; i++) {
		unsigned place = (store->next + i) % store->places;
		if (store->used[place] || store->removing[place])
			continue;
		store->used[place] = true;
		store->next = place + 1;
		store->warned = false;
		return (int)place;
	}
	if (store->on && !store->warned)
		log_warn("store-full", "rooms=%u advice=\"more rooms than these do not outlive a restart\"",
			 store->places);
	store->warned = true;
	return -1;
}

void keeper_store_know(struct keeper_store *store, int place)
{
	if (place >= 0 && place < STORE_ROOMS_MAX)
		store->used[place] = true;
}

static bool put(struct keeper_store *store, const char *name, const int *fds, unsigned count)
{
	char state[64];

	snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", name);
	return tell(store, state, fds, count);
}

static bool remove_all(struct keeper_store *store, const char *name)
{
	char state[64];

	snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return tell(store, state, NULL, 0);
}

bool keeper_store_put(struct keeper_store *store, int place, const int fds[STORE_ROOM_FDS])
{
	char name[STORE_NAME_BYTES + 1];

	if (store->removals_due > 0) {
		try_later(store);
		return false;
	}
	keeper_store_name(place, name);
	return put(store, name, fds, STORE_ROOM_FDS);
}

static void try_remove(struct keeper_store *store, unsigned place)
{
	char name[STORE_NAME_BYTES + 1];

	keeper_store_name((int)place, name);
	if (!remove_all(store, name))
		return;
	store->removing[place] = false;
	store->removals_due--;
}

void keeper_store_remove(struct keeper_store *store, int place)
{
	if (!store->on || place < 0 || place >= STORE_ROOMS_MAX || !store->used[place])
		return;
	store->used[place] = false;
	store->removing[place] = true;
	store->removals_due++;
	try_remove(store, (unsigned)place);
}

static void say_single(struct keeper_store *store, struct keeper_store_single *s)
{
	if (s->remove_due && !remove_all(store, s->name))
		return;
	s->remove_due = false;
	if (s->fd < 0 || !put(store, s->name, &s->fd, 1))
		return;
	close(s->fd);
	s->fd = -1;
}

void keeper_store_settle(struct keeper_store *store)
{
	store->again_ms = 0;
	for (unsigned i = 0; i < STORE_SINGLES; i++)
		say_single(store, &store->singles[i]);
	for (unsigned i = 0; store->removals_due > 0 && i < STORE_ROOMS_MAX; i++)
		if (store->removing[i])
			try_remove(store, i);
}

void keeper_store_replace(struct keeper_store *store, const char *name, int fd)
{
	struct keeper_store_single *s = store->singles;

	if (!store->on)
		return;
	while (strcmp(s->name, name) != 0)
		s++;
	if (s->fd >= 0)
		close(s->fd);
	s->remove_due = true;
	s->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0 && s->fd < 0)
		log_warn("store", "name=%s error=\"%s\"", name, strerror(errno));
	say_single(store, s);
}
