/*
 * test_settings - setting_table.c, settings_text.c, settings_load.c and settings_help.c.
 */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "setting_table.h"
#include "unit.h"

#define WORDS_MAX 16

static char directory[] = "/tmp/test_settings.XXXXXX";
static char config_path[sizeof(directory) + 8]; /* .../x.conf */
static struct settings_loaded loaded;
static struct settings_problem problem;

static void write_config_bytes(const char *text, size_t n)
{
	FILE *file = fopen(config_path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void write_config(const char *text)
{
	write_config_bytes(text, strlen(text));
}

/* Splits `words` at '|' in place. */
static int split(char *words, char *ret[WORDS_MAX])
{
	int count = 0;

	for (char *word = strtok(words, "|"); word != NULL; word = strtok(NULL, "|"))
		ret[count++] = word;
	ret[count] = NULL;
	return count;
}

/* Loads with arguments and variables written "--port|1" and "PORT=1|HOST=::". */
static int load(const char *arguments, const char *variables)
{
	char argument_text[2048], variable_text[1024];
	char *argv[WORDS_MAX + 1] = {(char[]){"video-signaling"}}, *envp[WORDS_MAX];

	snprintf(argument_text, sizeof(argument_text), "%s", arguments);
	snprintf(variable_text, sizeof(variable_text), "%s", variables);
	int argc = 1 + split(argument_text, argv + 1);
	split(variable_text, envp);
	memset(&problem, 0, sizeof(problem));
	return settings_load(argc, argv, envp, config_path, &loaded, &problem);
}

/* Checks that it fails, with this one line. %s in `wanted` is the config file's path. */
static void assert_problem(const char *arguments, const char *variables, const char *wanted)
{
	char text[SETTINGS_PROBLEM_BYTES];
	const char *path = strstr(wanted, "%s");

	if (path != NULL)
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(path - wanted), wanted, config_path, path + 2);
	else
		snprintf(text, sizeof(text), "%s", wanted);
	assert_true(load(arguments, variables) < 0);
	assert_string_equal(problem.text, text);
}

static int set_up(void **state)
{
	(void)state;
	unlink(config_path);
	return 0;
}

static int make_directory(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(config_path, sizeof(config_path), "%s/x.conf", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(config_path);
	return rmdir(directory);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(load("", ""), 0);
	assert_int_equal(loaded.action, SETTINGS_RUN);
	assert_null(loaded.config);
	assert_int_equal(loaded.values.port, 3000);
	assert_string_equal(loaded.values.host, "localhost");
	assert_int_equal(loaded.values.log_level, LOG_LEVEL_INFO);
	for (int id = 0; id < SETTING_COUNT; id++)
		assert_int_equal(loaded.origins[id].kind, SETTINGS_BY_DEFAULT);
}

static void test_later_wins(void **state)
{
	(void)state;
	write_config("port = 1\nmax_rooms = 2\nmax_lobby = 3\n");
	assert_int_equal(load("--max-lobby|5", "VIDEO_SIGNALING_MAX_ROOMS=4|VIDEO_SIGNALING_MAX_LOBBY=4"), 0);
	assert_int_equal(loaded.values.port, 1);
	assert_int_equal(loaded.values.max_rooms, 4);
	assert_int_equal(loaded.values.max_lobby, 5);
	assert_int_equal(loaded.origins[SETTING_port].kind, SETTINGS_BY_FILE);
	assert_int_equal(loaded.origins[SETTING_max_rooms].kind, SETTINGS_BY_VARIABLE);
	assert_int_equal(loaded.origins[SETTING_max_lobby].kind, SETTINGS_BY_FLAG);
	assert_string_equal(loaded.config, config_path);
	assert_int_equal(load("--port=7|--port|8", ""), 0);
	assert_int_equal(loaded.values.port, 8);
}

static void test_variables(void **state)
{
	(void)state;
	assert_int_equal(load("", "PORT=5|HOST=::|LOG_LEVEL=WARNING|MAX_ROOMS=nonsense|PATH=/bin"), 0);
	assert_int_equal(loaded.values.port, 5);
	assert_string_equal(loaded.values.host, "::");
	assert_int_equal(loaded.values.log_level, LOG_LEVEL_WARN);
	assert_true(loaded.origins[SETTING_port].bare);
	/* The long form wins, whichever comes first. */
	assert_int_equal(load("", "VIDEO_SIGNALING_PORT=6|PORT=5"), 0);
	assert_int_equal(loaded.values.port, 6);
	assert_false(loaded.origins[SETTING_port].bare);
	assert_int_equal(load("", "PORT=5|VIDEO_SIGNALING_PORT=6"), 0);
	assert_int_equal(loaded.values.port, 6);
	assert_int_equal(load("", "PORT="), 0);
	assert_int_equal(loaded.values.port, 3000);

	assert_problem("", "PORT=abc", "environment variable PORT: \"abc\" is not a number; it must be 0 to 65535");
	assert_problem("", "VIDEO_SIGNALING_PORT=",
		       "environment variable VIDEO_SIGNALING_PORT: \"\" is not a number; it must be 0 to 65535");
	assert_problem("", "VIDEO_SIGNALING_PROT=1",
		       "there is no environment variable VIDEO_SIGNALING_PROT; did you mean VIDEO_SIGNALING_PORT?");
	assert_problem("", "VIDEO_SIGNALING_port=1",
		       "there is no environment variable VIDEO_SIGNALING_port; did you mean VIDEO_SIGNALING_PORT?");
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"abc", "-1", "+1", "1k", "0x10", "1.5", "1 ", "1e3"};
	char arguments[64], wanted[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(arguments, sizeof(arguments), "--port|%s", bad[i]);
		snprintf(wanted, sizeof(wanted), "--port: \"%s\" is not a number; it must be 0 to 65535", bad[i]);
		assert_problem(arguments, "", wanted);
	}
	assert_problem("--port=99999", "", "--port: \"99999\" is too large; it must be 0 to 65535");
	assert_problem("--port=18446744073709551617", "",
		       "--port: \"18446744073709551617\" is too large; it must be 0 to 65535");
	assert_problem("--message-burst=0", "", "--message-burst: \"0\" is too small; it must be 1 to 1000000");
	assert_int_equal(load("--port=65535|--message-burst=1|--max-rooms=0", ""), 0);
	assert_int_equal(loaded.values.port, 65535);
	assert_int_equal(load("--port=00080", ""), 0);
	assert_int_equal(loaded.values.port, 80);
}

static void test_choices(void **state)
{
	(void)state;
	assert_int_equal(load("--log-level|TRACE|--log-names|plain|--sandbox=Require", ""), 0);
	assert_int_equal(loaded.values.log_level, LOG_LEVEL_TRACE);
	assert_int_equal(loaded.values.log_names, LOG_NAMES_PLAIN);
	assert_int_equal(loaded.values.sandbox, SETTING_SANDBOX_REQUIRE);
	assert_problem("--log-level|loud", "", "--log-level: \"loud\" is not one of error, warn, info, debug, trace");
	assert_problem("--log-level=", "", "--log-level: \"\" is not one of error, warn, info, debug, trace");
	assert_problem("--log-names|plai", "", "--log-names: \"plai\" is not one of plain, hashed, none");
	assert_problem("--sandbox|auto|--sandbox|warning", "", "--sandbox: \"warning\" is not one of auto, require");
}

static void test_hosts(void **state)
{
	static const char *const good[] = {"0.0.0.0", "127.0.0.1", "::", "::1", "localhost", "*", "fe80::1"};
	static const char *const bad[] = {"example.com", "", "1.2.3", "[::]", "256.0.0.1", "127.0.0.1:80"};
	char arguments[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		snprintf(arguments, sizeof(arguments), "--host=%s", good[i]);
		assert_int_equal(load(arguments, ""), 0);
		assert_string_equal(loaded.values.host, good[i]);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(arguments, sizeof(arguments), "--host=%s", bad[i]);
		assert_int_equal(load(arguments, ""), -EINVAL);
	}
	assert_string_equal(problem.text, "--host: \"127.0.0.1:80\" is no address to listen on; it must be an IP "
					  "address, localhost or *");
}

static void test_texts(void **state)
{
	char arguments[1600];

	(void)state;
	snprintf(arguments, sizeof(arguments), "--www=%01023d", 0);
	assert_int_equal(load(arguments, ""), 0);
	assert_int_equal(strlen(loaded.values.www), 1023);
	snprintf(arguments, sizeof(arguments), "--www=%01024d", 0);
	assert_int_equal(load(arguments, ""), -EINVAL);
	assert_non_null(strstr(problem.text, "...\" is longer than 1023 bytes"));
	assert_problem("--www=a\nb", "", "--www: \"a\\x0ab\" has a control character in it");
	assert_problem("--www=\x1b[1m", "", "--www: \"\\x1b[1m\" has a control character in it");
}

static void test_flags(void **state)
{
	(void)state;
	assert_int_equal(load("-n", ""), 0);
	assert_int_equal(loaded.action, SETTINGS_CHECK);
	assert_int_equal(load("--port|x|--help", ""), 0);
	assert_int_equal(loaded.action, SETTINGS_HELP);
	assert_int_equal(load("--version|--help", "VIDEO_SIGNALING_NONSENSE=1"), 0);
	assert_int_equal(loaded.action, SETTINGS_VERSION);
	assert_int_equal(load("--www|--help", ""), 0); /* a value, not a flag */
	assert_string_equal(loaded.values.www, "--help");

	assert_problem("--prot|1", "", "there is no flag --prot; did you mean --port?");
	assert_problem("--max_rooms|1", "", "there is no flag --max_rooms; did you mean --max-rooms?");
	assert_problem("--confg=x", "", "there is no flag --confg; did you mean --config?");
	assert_problem("--quite-another-thing", "", "there is no flag --quite-another-thing; --help shows all");
	assert_problem("-x", "", "there is no flag -x; --help shows all");
	assert_problem("start", "", "unexpected argument \"start\"; --help shows what is understood");
	assert_problem("-", "", "unexpected argument \"-\"; --help shows what is understood");
	assert_problem("--", "", "there is no flag --; --help shows all");
	assert_problem("--port", "", "--port needs a value behind it");
	assert_problem("-c", "", "-c needs a value behind it");
	assert_problem("--help=1", "", "--help takes no value");
}

static void test_file_syntax(void **state)
{
	(void)state;
	write_config("\xEF\xBB\xBF# comment\r\n"
		     "\n"
		     " \t\n"
		     "  port=80\r\n"
		     "host =\"::1\"# comment\n"
		     "www = \"/a #1\\\"\\\\\" # comment\n"
		     "user = # comment\n"
		     "log_names = plain\t# comment\n"
		     "max_rooms = 7");
	assert_int_equal(load("", ""), 0);
	assert_int_equal(loaded.values.port, 80);
	assert_string_equal(loaded.values.host, "::1");
	assert_string_equal(loaded.values.www, "/a #1\"\\");
	assert_string_equal(loaded.values.user, "");
	assert_int_equal(loaded.values.log_names, LOG_NAMES_PLAIN);
	assert_int_equal(loaded.values.max_rooms, 7);
	assert_int_equal(loaded.origins[SETTING_max_rooms].line, 9);
	write_config("www = /a#b\"c");
	assert_int_equal(load("", ""), 0);
	assert_string_equal(loaded.values.www, "/a#b\"c");
	write_config("");
	assert_int_equal(load("", ""), 0);
}

static void test_file_problems(void **state)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
	    {"\nport = abc\n", "%s:2: port: \"abc\" is not a number; it must be 0 to 65535"},
	    {"prot = 1", "%s:1: there is no setting \"prot\"; did you mean port?"},
	    {"PORT = 1", "%s:1: there is no setting \"PORT\"; did you mean port?"},
	    {"port = 1\n#\nport = 1\n", "%s:3: port is set on line 1 already; remove one of the two"},
	    {"port", "%s:1: this is not `setting = value`, nor a comment, which begins with #"},
	    {"= 1", "%s:1: this is not `setting = value`, nor a comment, which begins with #"},
	    {"[section]", "%s:1: this is not `setting = value`, nor a comment, which begins with #"},
	    {"www = \"a", "%s:1: the closing quote is missing"},
	    {"www = \"a\\", "%s:1: within quotes only \\\" and \\\\ may follow a backslash"},
	    {"www = \"a\\n\"", "%s:1: within quotes only \\\" and \\\\ may follow a backslash"},
	    {"www = \"a\" b", "%s:1: only a comment may follow the closing quote"},
	    {"port =", "%s:1: port: \"\" is not a number; it must be 0 to 65535"},
	};
	char longest[1200] = "www = ";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		write_config(cases[i].text);
		assert_problem("", "", cases[i].problem);
	}
	write_config_bytes("port = 1\0", 9);
	assert_problem("", "", "%s:1: a NUL byte; this is no text file");
	memset(longest + strlen(longest), 'x', 1100);
	write_config(longest);
	assert_problem("", "", "%s:1: the value is longer than 1023 bytes");
	longest[6] = '"';
	write_config(longest);
	assert_problem("", "", "%s:1: the value is longer than 1023 bytes");
}

static void test_which_file(void **state)
{
	char arguments[128], text[70000];

	(void)state;
	assert_problem("-c|/nonexistent/x", "",
		       "cannot read the config file /nonexistent/x: No such file or directory");
	assert_int_equal(load("-c|/", ""), -EISDIR);
	write_config("port = 5");
	snprintf(arguments, sizeof(arguments), "--config=%s", config_path);
	assert_int_equal(load(arguments, ""), 0);
	assert_int_equal(loaded.values.port, 5);
	memset(text, '#', sizeof(text));
	write_config_bytes(text, sizeof(text));
	assert_problem("", "", "cannot read the config file %s: it is larger than 64 KiB");
}

static void test_together(void **state)
{
	(void)state;
	write_config("\nping_timeout_ms = 25000\n");
	assert_problem("", "PORT=1",
		       "ping_timeout_ms = 25000 (%s:2) must be larger than ping_interval_ms = 25000 (default): else "
		       "a connection is dropped before it was pinged");
	assert_int_equal(load("--ping-interval-ms=0", ""), 0);
	assert_int_equal(load("--ping-timeout-ms=0", ""), 0);
	assert_int_equal(load("--ping-timeout-ms=25001|--queue-bytes-max=0", ""), 0);
	assert_int_equal(load("--ping-timeout-ms=25001|--queue-bytes-max=65536", ""), -EINVAL);
	assert_non_null(strstr(problem.text, "to hold one message of message_bytes_max = 65536 (default)"));
	assert_int_equal(load("--ping-timeout-ms=25001|--message-bytes-max=0", ""), 0);
	assert_int_equal(load("--ping-timeout-ms=25001|--message-bytes-max=2048|--queue-bytes-max=65536", ""), 0);
	assert_int_equal(load("--ping-timeout-ms=25001|--message-bytes-max=2047", ""), -EINVAL);
	assert_non_null(strstr(problem.text, "message_bytes_max = 2047 (--message-bytes-max) must be at least 2048"));
}

static void test_copy(void **state)
{
	static struct settings from, to;

	(void)state;
	settings_defaults(&from);
	memset(&to, 0xFF, sizeof(to));
	for (int id = 0; id < SETTING_COUNT; id++)
		setting_copy((enum setting_id)id, &from, &to);
	assert_int_equal(to.port, 3000);
	assert_int_equal(to.log_level, from.log_level);
	assert_string_equal(to.host, "localhost");
}

/* What -n prints is a config file that says the same. */
static void test_show_is_a_config_file(void **state)
{
	static const char arguments[] = "--port=1|--www=/a \"b\" #\\|--log-level=error|--host=*";
	struct settings_loaded before;
	char text[SETTINGS_RENDERED_BYTES];
	struct out o = out_init(text, sizeof(text));

	(void)state;
	assert_int_equal(load(arguments, "PORT=3|VIDEO_SIGNALING_USER=me|LOG_LEVEL=info|HOST=::"), 0);
	settings_show(&o, &loaded);
	assert_false(o.truncated);
	before = loaded;
	write_config_bytes(text, o.length);
	assert_int_equal(load("", ""), 0);
	assert_memory_equal(&loaded.values, &before.values, sizeof(loaded.values));
	text[o.length - 1] = '\0';
	assert_non_null(strstr(text, "\nuser = \"me\"                         # environment VIDEO_SIGNALING_USER\n"));
	assert_non_null(strstr(text, "\nport = 1                            # --port\n"));

	assert_int_equal(load("", "PORT=3"), 0);
	o = out_init(text, sizeof(text));
	settings_show(&o, &loaded);
	text[o.length - 1] = '\0';
	assert_non_null(strstr(text, "\nport = 3                            # environment PORT\n"));
	assert_non_null(strstr(text, "x.conf:5\n"));
}

static void test_hand_over(void **state)
{
	struct settings values;
	char text[SETTINGS_RENDERED_BYTES];
	struct out o = out_init(text, sizeof(text));

	(void)state;
	assert_int_equal(load("--port=1|--www=/a \"b\" #\\|--log-names=none", ""), 0);
	settings_render(&o, &loaded.values);
	assert_false(o.truncated);
	assert_int_equal(settings_parse(text, o.length, &values, &problem), 0);
	assert_memory_equal(&values, &loaded.values, sizeof(values));

	/* From another version: what it does not say is as by default, what we do not know is ignored. */
	strcpy(text, "port = 4\nfrom_the_future = \"1\"\n");
	assert_int_equal(settings_parse(text, strlen(text), &values, &problem), 0);
	assert_int_equal(values.port, 4);
	assert_int_equal(values.max_rooms, 5000);
	strcpy(text, "port = many\n");
	assert_int_equal(settings_parse(text, strlen(text), &values, &problem), -EINVAL);
	assert_string_equal(problem.text, "settings:1: port: \"many\" is not a number; it must be 0 to 65535");
}

/* The longest values fit into what the keeper hands over. */
static void test_render_fits(void **state)
{
	static char text[SETTINGS_RENDERED_BYTES];
	struct out o = out_init(text, sizeof(text));
	struct settings values;

	(void)state;
	settings_defaults(&values);
	memset(values.www, '"', sizeof(values.www) - 1);
	memset(values.user, '\\', sizeof(values.user) - 1);
	settings_render(&o, &values);
	assert_false(o.truncated);
}

/* The sample is a config file that says nothing; without its #s, it says what is so anyway. */
static void test_sample(void **state)
{
	static char text[4 * SETTINGS_RENDERED_BYTES];
	struct out o = out_init(text, sizeof(text) - 1);
	unsigned settings = 0;

	(void)state;
	settings_sample(&o);
	assert_false(o.truncated);
	write_config_bytes(text, o.length);
	assert_int_equal(load("", ""), 0);
	for (int id = 0; id < SETTING_COUNT; id++)
		assert_int_equal(loaded.origins[id].kind, SETTINGS_BY_DEFAULT);
	text[o.length] = '\0';
	for (char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
		if (line[0] == '#' && line[1] >= 'a' && line[1] <= 'z') {
			line[0] = ' ';
			settings++;
		}
	assert_int_equal(settings, SETTING_COUNT);
	struct settings before = loaded.values;
	write_config_bytes(text, o.length);
	assert_int_equal(load("", ""), 0);
	assert_memory_equal(&before, &loaded.values, sizeof(before));
	assert_int_equal(load("--sample-config", "VIDEO_SIGNALING_NONSENSE=1"), 0);
	assert_int_equal(loaded.action, SETTINGS_SAMPLE);
}

static void test_help(void **state)
{
	static char text[SETTINGS_RENDERED_BYTES];
	struct out o = out_init(text, sizeof(text) - 1);

	(void)state;
	settings_help(&o);
	assert_false(o.truncated);
	text[o.length] = '\0';
	assert_int_equal(text[o.length - 1], '\n');
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
	assert_non_null(strstr(text, "\n  --port PORT                TCP port to listen on;"));
	assert_non_null(strstr(text, "\nListening:\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_defaults, set_up),
	    cmocka_unit_test_setup(test_later_wins, set_up),
	    cmocka_unit_test_setup(test_variables, set_up),
	    cmocka_unit_test_setup(test_numbers, set_up),
	    cmocka_unit_test_setup(test_choices, set_up),
	    cmocka_unit_test_setup(test_hosts, set_up),
	    cmocka_unit_test_setup(test_texts, set_up),
	    cmocka_unit_test_setup(test_flags, set_up),
	    cmocka_unit_test_setup(test_file_syntax, set_up),
	    cmocka_unit_test_setup(test_file_problems, set_up),
	    cmocka_unit_test_setup(test_which_file, set_up),
	    cmocka_unit_test_setup(test_together, set_up),
	    cmocka_unit_test(test_copy),
	    cmocka_unit_test_setup(test_show_is_a_config_file, set_up),
	    cmocka_unit_test_setup(test_hand_over, set_up),
	    cmocka_unit_test_setup(test_render_fits, set_up),
	    cmocka_unit_test_setup(test_sample, set_up),
	    cmocka_unit_test_setup(test_help, set_up),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
