/* lockdown - landlock(7), prctl(2), setrlimit(2). */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lockdown.h"
#include "out.h"

/* The kernel's own, of version 6; a header of an older kernel lacks its end, and an older kernel takes it if what it
 * does not know is 0. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

#define RULESET_VERSION (1U << 0) /* LANDLOCK_CREATE_RULESET_VERSION */

/* What each version can forbid (landlock(7)); each handles more than the one before. */
static const struct ruleset rulesets[] = {
    {(1U << 13) - 1, 0, 0}, /* 1: open, execute, make, remove */
    {(1U << 14) - 1, 0, 0}, /* 2: move to another directory */
    {(1U << 15) - 1, 0, 0}, /* 3: truncate */
    {(1U << 15) - 1, 3, 0}, /* 4: bind and connect TCP */
    {(1U << 16) - 1, 3, 0}, /* 5: ioctl on devices */
    {(1U << 16) - 1, 3, 3}, /* 6: abstract Unix sockets and signals of processes outside */
};

#define RULESET_COUNT (sizeof(rulesets) / sizeof(rulesets[0]))

uint32_t lockdown_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? SANDBOX_NO_NEW_PRIVS : 0;
}

uint32_t lockdown_not_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? SANDBOX_NOT_DUMPABLE : 0;
}

unsigned lockdown_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);

	return abi > 0 ? (unsigned)abi : 0;
}

uint32_t lockdown_landlock(void)
{
	unsigned abi = lockdown_landlock_abi();

	if (abi == 0)
		return 0;
	const struct ruleset *ruleset = &rulesets[(abi < RULESET_COUNT ? abi : RULESET_COUNT) - 1];
	long fd = syscall(SYS_landlock_create_ruleset, ruleset, sizeof(*ruleset), 0);
	if (fd < 0)
		return 0;
	long error = syscall(SYS_landlock_restrict_self, fd, 0);
	close((int)fd);
	return error == 0 ? SANDBOX_LANDLOCK : 0;
}

uint32_t lockdown_limits(const struct lockdown_limit *limits, unsigned count)
{
	bool all = true;

	for (unsigned i = 0; i < count; i++) {
		struct rlimit now;
		rlim_t most = limits[i].most;
		if (most > 0 && getrlimit(limits[i].resource, &now) < 0)
			return 0;
		if (most > 0 && now.rlim_max < most)
			most = now.rlim_max;
		all = setrlimit(limits[i].resource, &(struct rlimit){most, most}) == 0 && all;
	}
	return all ? SANDBOX_RLIMITS : 0;
}

const char *lockdown_names(uint32_t layers, char *text, unsigned size)
{
	static const struct {
		uint32_t layer;
		const char *name;
	} names[] = {
	    {SANDBOX_NO_NEW_PRIVS, "no_new_privs"}, {SANDBOX_SECCOMP, "seccomp"},
	    {SANDBOX_LANDLOCK, "landlock"},         {SANDBOX_RLIMITS, "rlimits"},
	    {SANDBOX_NOT_DUMPABLE, "not-dumpable"},
	};
	struct out o = out_init(text, size - 1);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (layers & names[i].layer) {
			out_text(&o, o.length > 0 ? "," : "");
			out_text(&o, names[i].name);
		}
	if (o.length == 0)
		out_text(&o, "none");
	text[o.length] = '\0';
	return text;
}
