/* privileges - what root gives away before anything else happens. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lockdown.h"
#include "privileges.h"
#include "secrets.h"

/* As many as a full house needs: members twice (in the broker and in their room), a channel a room, and some. */
#define FDS_WANTED 1048576

void privileges_raise_fds(void)
{
	struct rlimit limit;

	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){FDS_WANTED, FDS_WANTED}) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Whatever is executed from here on can't get a capability either. (Without CAP_SETPCAP there is nothing to drop it
 * with; no_new_privs holds all the same.) What is handed on to our own next program must be in it. */
static void empty_bounding_set(bool may_read)
{
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if (!may_read || capability != CAP_DAC_READ_SEARCH)
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/* What may be read by root alone must be read again when it has changed. */
static bool may_read_still;

static int set_capabilities(bool permitted, bool effective, bool inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	data[CAP_TO_INDEX(CAP_DAC_READ_SEARCH)].permitted = permitted ? CAP_TO_MASK(CAP_DAC_READ_SEARCH) : 0;
	data[CAP_TO_INDEX(CAP_DAC_READ_SEARCH)].effective = effective ? CAP_TO_MASK(CAP_DAC_READ_SEARCH) : 0;
	data[CAP_TO_INDEX(CAP_DAC_READ_SEARCH)].inheritable = inheritable ? CAP_TO_MASK(CAP_DAC_READ_SEARCH) : 0;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

void privileges_hand_on(bool on)
{
	if (!may_read_still)
		return;
	if (!on)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (set_capabilities(true, false, on) == 0 && on)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0);
}

int privileges_open_secrets(const struct settings *settings, struct settings_problem *ret_problem)
{
	int file = secrets_open(settings, ret_problem);

	if (file == -EACCES && may_read_still && set_capabilities(true, true, false) == 0) {
		file = secrets_open(settings, ret_problem);
		if (set_capabilities(true, false, false) < 0)
			abort(); /* it can't go on with more than it should have */
	} else if (file >= 0 && may_read_still) {
		may_read_still = set_capabilities(false, false, false) < 0;
	}
	return file;
}

/* Also of one who remains root, or was given some by whoever started it: all that needed them is done. */
static int drop_capabilities(bool may_read)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* A service manager that gave us none may forbid the call, too. */
	if (syscall(SYS_capget, &header, now) == 0 && memcmp(now, none, sizeof(none)) == 0)
		return 0;
	may_read_still = may_read && set_capabilities(true, false, false) == 0;
	return may_read_still || syscall(SYS_capset, &header, none) == 0 ? 0 : -errno;
}

static int become(const struct passwd *who, bool may_read, struct settings_problem *ret_problem)
{
	prctl(PR_SET_KEEPCAPS, may_read, 0, 0, 0);
	if (initgroups(who->pw_name, who->pw_gid) < 0 || setresgid(who->pw_gid, who->pw_gid, who->pw_gid) < 0 ||
	    setresuid(who->pw_uid, who->pw_uid, who->pw_uid) < 0) {
		int error = errno;
		snprintf(ret_problem->text, sizeof(ret_problem->text),
			 "cannot become user %s: %s: start as root with all its "
			 "capabilities, or as that user",
			 who->pw_name, strerror(error));
		return -error;
	}
	return 0;
}

/* NULL: there is no such user. */
static const struct passwd *find_user(const char *user)
{
	const struct passwd *who = *user ? getpwnam(user) : getpwnam("video-signaling");

	return who || *user ? who : getpwnam("nobody");
}

uid_t privileges_user(const char *user, bool *ret_own)
{
	const struct passwd *who = geteuid() == 0 ? find_user(user) : NULL;

	*ret_own = !who || strcmp(who->pw_name, "nobody") != 0;
	return who ? who->pw_uid : geteuid();
}

int privileges_check_user(const char *user, struct settings_problem *ret_problem)
{
	if (find_user(user))
		return 0;
	snprintf(ret_problem->text, sizeof(ret_problem->text),
		 "user: there is no user \"%s\"; create it, or name another", user);
	return -ENOENT;
}

int privileges_become(const char *user, bool may_read, struct settings_problem *ret_problem)
{
	int error = privileges_check_user(user, ret_problem);

	if (error < 0)
		return error;
	const struct passwd *who = find_user(user);
	empty_bounding_set(may_read && geteuid() == 0);
	if (geteuid() == 0)
		return become(who, may_read, ret_problem);
	if (!*user || who->pw_uid == geteuid())
		return 0;
	snprintf(ret_problem->text, sizeof(ret_problem->text),
		 "user: only root can become \"%s\"; start as root, or leave the setting out", user);
	return -EPERM;
}

int privileges_drop(bool may_read, struct settings_problem *ret_problem)
{
	empty_bounding_set(may_read && geteuid() == 0); /* of one that was handed down, or stays root */
	int error = drop_capabilities(may_read);
	if (error == 0 && !lockdown_no_new_privs())
		error = -errno;
	if (error < 0) {
		snprintf(ret_problem->text, sizeof(ret_problem->text), "cannot give up privileges: %s",
			 strerror(-error));
		return error;
	}
	lockdown_not_dumpable();
	lockdown_limits(&(struct lockdown_limit){RLIMIT_CORE, 0}, 1);
	return 0;
}
