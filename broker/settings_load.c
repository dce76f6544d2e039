/*
 * settings_load - the settings in force: defaults, file, environment, flags, and whether they fit together.
 * Process: keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "setting_check.h"
#include "setting_table.h"

/* A config file with every setting and much comment is a tenth of this. */
#define FILE_BYTES_MAX 65536

/* --- flags ------------------------------------------------------------------------------------------------------ */

enum flag_kind { FLAG_SETTING, FLAG_CONFIG, FLAG_CHECK, FLAG_HELP, FLAG_SAMPLE, FLAG_VERSION };

struct flag {
	enum flag_kind kind;
	int id;            /* of FLAG_SETTING */
	const char *value; /* of FLAG_SETTING and FLAG_CONFIG */
};

static int flag_problem(const char *before, const char *argument, size_t n, const char *after,
			struct settings_problem *ret_problem)
{
	struct out o = problem_begin(ret_problem);

	out_text(&o, before);
	setting_quote(&o, argument, n);
	out_text(&o, after);
	return problem_end(ret_problem, &o);
}

/* Reads the name of a flag; the value, if any is due, is not taken yet. Returns whether one is due, or -EINVAL. */
static int flag_read_name(const char *argument, size_t n, struct flag *ret, struct settings_problem *ret_problem)
{
	static const struct {
		const char *name;
		enum flag_kind kind;
	} others[] = {
	    {"-c", FLAG_CONFIG},     {"--config", FLAG_CONFIG},   {"-n", FLAG_CHECK},
	    {"--check", FLAG_CHECK}, {"-h", FLAG_HELP},           {"--help", FLAG_HELP},
	    {"-V", FLAG_VERSION},    {"--version", FLAG_VERSION}, {"--sample-config", FLAG_SAMPLE},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strlen(others[i].name) == n && memcmp(others[i].name, argument, n) == 0) {
			*ret = (struct flag){.kind = others[i].kind};
			return ret->kind == FLAG_CONFIG;
		}
	if (n < 2 || argument[0] != '-')
		return flag_problem("unexpected argument \"", argument, n, "\"; --help shows what is understood",
				    ret_problem);
	if (argument[1] != '-')
		return flag_problem("there is no flag ", argument, n, "; --help shows all", ret_problem);

	int id = setting_find(argument + 2, n - 2, SETTING_AS_FLAG);
	if (id < 0) {
		struct out o = problem_begin(ret_problem);

		out_text(&o, "there is no flag ");
		setting_quote(&o, argument, n);
		setting_suggest(&o, argument + 2, n - 2, SETTING_AS_FLAG);
		return problem_end(ret_problem, &o);
	}
	*ret = (struct flag){.kind = FLAG_SETTING, .id = id};
	return 1;
}

/* Takes the flag at argv[*at], with its value, and moves *at behind it. Returns 1 and fills *ret; 0 at the end; -EINVAL
 * and fills *ret_problem. */
static int flag_next(int argc, char *const argv[], int *at, struct flag *ret, struct settings_problem *ret_problem)
{
	if (*at >= argc)
		return 0;
	const char *argument = argv[(*at)++];
	size_t n = argument[0] == '-' && argument[1] == '-' ? strcspn(argument, "=") : strlen(argument);
	bool value_here = argument[n] == '=';

	int r = flag_read_name(argument, n, ret, ret_problem);
	if (r < 0)
		return r;
	if (r == 0 && value_here)
		return flag_problem("", argument, n, " takes no value", ret_problem);
	if (r == 0)
		return 1;
	if (!value_here && *at >= argc)
		return flag_problem("", argument, n, " needs a value behind it", ret_problem);
	ret->value = value_here ? argument + n + 1 : argv[(*at)++];
	return 1;
}

/* The flags that are no settings come first: --help must work whatever the config file holds. */
static int read_command(int argc, char *const argv[], struct settings_loaded *loaded,
			struct settings_problem *ret_problem)
{
	struct flag flag;
	int r;

	for (int at = 1; (r = flag_next(argc, argv, &at, &flag, ret_problem)) > 0;) {
		if (flag.kind == FLAG_CONFIG)
			loaded->config = flag.value;
		else if (flag.kind == FLAG_CHECK)
			loaded->action = SETTINGS_CHECK;
		else if (flag.kind == FLAG_HELP || flag.kind == FLAG_SAMPLE || flag.kind == FLAG_VERSION) {
			loaded->action = flag.kind == FLAG_HELP     ? SETTINGS_HELP
					 : flag.kind == FLAG_SAMPLE ? SETTINGS_SAMPLE
								    : SETTINGS_VERSION;
			return 0;
		}
	}
	return r;
}

static int read_flags(int argc, char *const argv[], struct settings_loaded *loaded,
		      struct settings_problem *ret_problem)
{
	struct flag flag;
	int r;

	for (int at = 1; (r = flag_next(argc, argv, &at, &flag, ret_problem)) > 0;) {
		if (flag.kind != FLAG_SETTING)
			continue;
		struct out o = problem_begin(ret_problem);
		setting_spell(&o, (enum setting_id)flag.id, SETTING_AS_FLAG);
		out_text(&o, ": ");
		if (setting_set((enum setting_id)flag.id, flag.value, strlen(flag.value), &loaded->values, &o) < 0)
			return problem_end(ret_problem, &o);
		loaded->origins[flag.id] = (struct settings_origin){.kind = SETTINGS_BY_FLAG};
	}
	return r;
}

/* --- environment ------------------------------------------------------------------------------------------------ */

/* Those that are understood without the prefix too, because the reference system's were called so. */
static bool is_bare(int id)
{
	return id == SETTING_host || id == SETTING_port || id == SETTING_log_level;
}

static int set_by_variable(int id, bool bare, const char *name, size_t n, const char *value,
			   struct settings_loaded *loaded, struct settings_problem *ret_problem)
{
	struct out o = problem_begin(ret_problem);

	out_text(&o, "environment variable ");
	out_bytes(&o, name, n);
	out_text(&o, ": ");
	if (setting_set((enum setting_id)id, value, strlen(value), &loaded->values, &o) < 0)
		return problem_end(ret_problem, &o);
	loaded->origins[id] = (struct settings_origin){.kind = SETTINGS_BY_VARIABLE, .bare = bare};
	return 0;
}

/* Reads either the variables with the prefix, or those without. */
static int read_variables(char *const envp[], bool bare, struct settings_loaded *loaded,
			  struct settings_problem *ret_problem)
{
	const size_t prefix = bare ? 0 : strlen(SETTING_VARIABLE_PREFIX);

	for (; *envp != NULL; envp++) {
		const char *equals = strchr(*envp, '=');
		if (equals == NULL || strncmp(*envp, SETTING_VARIABLE_PREFIX, prefix) != 0)
			continue;
		const size_t n = (size_t)(equals - *envp);
		int id = setting_find(*envp + prefix, n - prefix, SETTING_AS_VARIABLE);
		if (bare && (id < 0 || !is_bare(id) || equals[1] == '\0'))
			continue; /* PORT= is how scripts and composers say "not set" */
		if (id < 0) {
			struct out o = problem_begin(ret_problem);

			out_text(&o, "there is no environment variable ");
			setting_quote(&o, *envp, n);
			setting_suggest(&o, *envp + prefix, n - prefix, SETTING_AS_VARIABLE);
			return problem_end(ret_problem, &o);
		}
		int r = set_by_variable(id, bare, *envp, n, equals + 1, loaded, ret_problem);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- file ------------------------------------------------------------------------------------------------------- */

/* Reads all of fd into buffer[0..size). Returns how much, or -errno. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, buffer + length, size - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return (ssize_t)length;
}

static int file_problem(const char *path, const char *why, int error, struct settings_problem *ret_problem)
{
	struct out o = problem_begin(ret_problem);

	out_text(&o, "cannot read the config file ");
	setting_quote(&o, path, strlen(path));
	out_text(&o, ": ");
	out_text(&o, why);
	problem_end(ret_problem, &o);
	return error;
}

static int read_file(const char *path, bool may_be_absent, struct settings_loaded *loaded,
		     struct settings_problem *ret_problem)
{
	char text[FILE_BYTES_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 && may_be_absent && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return file_problem(path, strerror(errno), -errno, ret_problem);
	ssize_t n = read_all(fd, text, sizeof(text));
	close(fd);
	if (n < 0)
		return file_problem(path, strerror((int)-n), (int)n, ret_problem);
	if (n > FILE_BYTES_MAX)
		return file_problem(path, "it is larger than 64 KiB", -EFBIG, ret_problem);
	loaded->config = path;
	return settings_text_read(path, text, (size_t)n, &loaded->values, loaded->origins, ret_problem);
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

int settings_load(int argc, char *const argv[], char *const envp[], const char *default_config,
		  struct settings_loaded *ret, struct settings_problem *ret_problem)
{
	struct settings_loaded loaded = {.action = SETTINGS_RUN};
	const char *config;
	int r;

	settings_defaults(&loaded.values);
	r = read_command(argc, argv, &loaded, ret_problem);
	if (r < 0)
		return r;
	if (loaded.action != SETTINGS_RUN && loaded.action != SETTINGS_CHECK) {
		*ret = loaded;
		return 0;
	}
	config = loaded.config != NULL ? loaded.config : default_config;
	if (config != NULL) {
		bool may_be_absent = loaded.config == NULL;

		r = read_file(config, may_be_absent, &loaded, ret_problem);
		if (r < 0)
			return r;
	}
	r = read_variables(envp, true, &loaded, ret_problem);
	if (r == 0)
		r = read_variables(envp, false, &loaded, ret_problem);
	if (r == 0)
		r = read_flags(argc, argv, &loaded, ret_problem);
	if (r == 0)
		r = setting_check_together(&loaded, ret_problem);
	if (r == 0)
		*ret = loaded;
	return r;
}
