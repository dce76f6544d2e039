/*
 * keeper_main - video-signaling: what an operator starts.
 *
 * In this order: what the service manager passed, settings, programs, descriptors' limit, listeners, privileges; then
 * keeper_run() until the end.
 * Whatever is wrong before that is one line on stderr that says what to do, and exit status 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"
#include "keeper_left.h"
#include "log.h"
#include "passed.h"
#include "privileges.h"
#include "secrets.h"
#include "title.h"

/* Says why we can't start, also where the service manager shows it. */
static int fail(struct notify *notify, const struct settings_problem *problem)
{
	fprintf(stderr, "video-signaling: %s\n", problem->text);
	notify_say(notify, NOTIFY_NOTHING, problem->text);
	return 1;
}

/* Answers what is not a start: --help, --version, -n. */
static int answer(const struct settings_loaded *loaded)
{
	static char text[SETTINGS_RENDERED_BYTES];
	struct out o = out_init(text, sizeof(text));

	if (loaded->action == SETTINGS_HELP)
		settings_help(&o);
	else if (loaded->action == SETTINGS_CHECK)
		settings_show(&o, loaded);
	else if (loaded->action == SETTINGS_SAMPLE)
		settings_sample(&o);
	else
		out_text(&o, "video-signaling " VIDEO_SIGNALING_VERSION "\n");
	return fwrite(o.at, 1, o.length, stdout) == o.length && fflush(stdout) == 0 ? 0 : 1;
}

/* Takes what the service manager passed, or what a keeper before this one left; what nobody here knows is a mistake in
 * the unit. */
static int adopt(struct bind_listeners *listeners, struct operators *operators, struct keeper_left *left,
		 struct settings_problem *ret_problem)
{
	struct passed passed;
	char name[PASSED_NAME_BYTES];
	int error = 0;
	int fd;

	passed_init(&passed);
	operators_init(operators);
	keeper_left_init(left);
	left->handed_down = passed.list != NULL;
	while (error == 0 && passed_next(&passed, &fd, name)) {
		bool proxy = strcmp(name, PASSED_CLIENT_PROXY) == 0;
		if (keeper_left_take(left, name, fd) || operators_take_control(operators, name, fd))
			continue;
		error = proxy || strcmp(name, PASSED_CLIENT) == 0 ? bind_adopt(listeners, fd, proxy, ret_problem)
								  : operators_adopt(operators, name, fd, ret_problem);
	}
	return error;
}

/* Do the sockets that we were given fit, or can we make some? */
static int listen_or_agree(const struct settings_loaded *loaded, struct bind_listeners *listeners,
			   struct settings_problem *ret_problem)
{
	if (listeners->count > 0)
		return bind_agree(listeners, loaded, ret_problem);
	return bind_all(&loaded->values, listeners, ret_problem);
}

/* Can the files be read that hold keys? */
static bool check_secrets(const struct settings *settings, struct settings_problem *ret_problem)
{
	int file = secrets_open(settings, ret_problem);

	if (file >= 0)
		close(file);
	return file >= 0;
}

/* May those who are to be started be executed? */
static bool check_programs(const struct child_programs *programs, struct settings_problem *ret_problem)
{
	if (child_programs_check(programs) == 0)
		return true;
	snprintf(
	    ret_problem->text, sizeof(ret_problem->text),
	    "user %u may not execute the programs beside this one: %s; make them executable for everyone (chmod 755), "
	    "or start with --user",
	    (unsigned)geteuid(), strerror(errno));
	return false;
}

/* Would a start with these settings find what it needs? As far as that can be seen without starting. */
static bool check_start(const struct settings *settings, struct settings_problem *ret_problem)
{
	struct child_programs programs;

	if (privileges_check_user(settings->user, ret_problem) < 0 || !check_secrets(settings, ret_problem) ||
	    child_programs_open(settings, &programs, ret_problem) < 0)
		return false;
	bool good = check_programs(&programs, ret_problem);
	child_programs_close(&programs);
	return good;
}

/* What we open is not to become anybody's standard input or output, and a roomd's descriptors lie at fixed numbers. */
static void open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char *argv[], char *envp[])
{
	static struct settings_loaded loaded;
	static struct settings_problem problem;
	struct bind_listeners listeners = {0};
	struct child_programs programs;
	struct notify notify = {.fd = -1};
	struct operators operators;
	struct keeper_left left;
	int secrets = -1;

	open_standard();
	int error = adopt(&listeners, &operators, &left, &problem);
	notify_init(&notify);
	if (error < 0 || settings_load(argc, argv, envp, SETTINGS_DEFAULT_CONFIG, &loaded, &problem) < 0)
		return fail(&notify, &problem);
	if (loaded.action == SETTINGS_CHECK &&
	    (bind_agree(&listeners, &loaded, &problem) < 0 || !check_start(&loaded.values, &problem)))
		return fail(&notify, &problem);
	if (loaded.action != SETTINGS_RUN)
		return answer(&loaded);
	log_init(&(struct log_config){.process = "keeper",
				      .level = (enum log_level)loaded.values.log_level,
				      .names = LOG_NAMES_NONE,
				      .format = (enum log_format)loaded.values.log_format,
				      .native = true});
	if (child_programs_open(&loaded.values, &programs, &problem) < 0)
		return fail(&notify, &problem);
	privileges_raise_fds();
	bool may_read = secrets_are_wanted(&loaded.values);
	/* What we had already was right when it was made, and who we are is settled. */
	if (left.handed_down)
		bind_retake(&loaded.values, &listeners);
	else if (listen_or_agree(&loaded, &listeners, &problem) < 0 ||
		 operators_open(&loaded, listeners.port, &operators, &problem) < 0 ||
		 privileges_become(loaded.values.user, may_read, &problem) < 0)
		goto fail;
	/* The keys are read as the user who will read them again when they have changed. */
	if (privileges_drop(may_read, &problem) < 0 ||
	    (secrets = privileges_open_secrets(&loaded.values, &problem)) < 0 || !check_programs(&programs, &problem))
		goto fail;
	title_init(argc, argv, envp);
	int status = keeper_run(&(struct keeper_config){.argc = argc,
							.argv = argv,
							.settings = &loaded.values,
							.listeners = &listeners,
							.programs = &programs,
							.operators = &operators,
							.left = &left,
							.secrets = secrets,
							.notify = &notify});
	operators_fini(&operators);
	bind_fini(&listeners);
	return status;
fail:
	operators_fini(&operators);
	bind_fini(&listeners);
	return fail(&notify, &problem);
}
