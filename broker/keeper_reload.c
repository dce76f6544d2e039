/* keeper_reload - reads settings, keys and programs again. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "keeper_reload.h"
#include "log.h"
#include "privileges.h"
#include "setting_table.h"

/* What was opened, bound, given away or chosen before the first broker was started. */
static const enum setting_id fixed[] = {SETTING_host,
					SETTING_port,
					SETTING_listen,
					SETTING_user,
					SETTING_control,
					SETTING_control_group,
					SETTING_control_admin_group,
					SETTING_metrics,
					SETTING_log_format};

/* Writes the value as the config file has it. Returns its length. */
static size_t write_value(enum setting_id id, const struct settings *s, char *text, size_t size)
{
	struct out o = out_init(text, size);

	setting_write(&o, id, s);
	return o.length;
}

/* Has the fixed ones stay as they are in `now`, and says so of those that were to change. */
static void keep_fixed(const struct settings *now, struct settings *fresh)
{
	char before[2 * SETTINGS_TEXT_BYTES];
	char after[2 * SETTINGS_TEXT_BYTES];
	char key[64];

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		size_t length = write_value(fixed[i], now, before, sizeof(before));
		if (write_value(fixed[i], fresh, after, sizeof(after)) == length && memcmp(before, after, length) == 0)
			continue;
		struct out o = out_init(key, sizeof(key));
		setting_spell(&o, fixed[i], SETTING_AS_KEY);
		log_warn("reload-not-live",
			 "setting=%.*s advice=\"this can't change while the server runs: restart it for that\"",
			 (int)o.length, key);
		setting_copy(fixed[i], now, fresh);
	}
}

/* The log has such texts between double quotes. */
static int refuse(struct settings_problem *problem, int error)
{
	for (char *at = problem->text; (at = strchr(at, '"')) != NULL;)
		*at = '\'';
	log_error("reload-refused", "problem=\"%s\" advice=\"nothing has changed\"", problem->text);
	return error;
}

int keeper_reload(struct keeper_config *config)
{
	static struct settings_loaded fresh;
	struct settings_problem problem;
	struct child_programs programs;
	int secrets = -1;
	int error = settings_load(config->argc, config->argv, environ, SETTINGS_DEFAULT_CONFIG, &fresh, &problem);

	if (error == 0)
		error = secrets = privileges_open_secrets(&fresh.values, &problem);
	if (error >= 0)
		error = child_programs_open(&fresh.values, &programs, &problem);
	if (error < 0) {
		if (secrets >= 0)
			close(secrets);
		return refuse(&problem, error);
	}
	if (child_programs_check(&programs) < 0) {
		struct out o = problem_begin(&problem);
		out_text(&o, "the programs beside this one may not be executed");
		problem_end(&problem, &o);
		child_programs_close(&programs);
		close(secrets);
		return refuse(&problem, -EACCES);
	}
	keep_fixed(config->settings, &fresh.values);
	*config->settings = fresh.values;
	child_programs_close(config->programs);
	*config->programs = programs;
	close(config->secrets);
	config->secrets = secrets;
	log_set_level((enum log_level)config->settings->log_level);
	log_info("reload", "");
	return 0;
}
