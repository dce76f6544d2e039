/*
 * roomctl - what systemctl and top are to services, to the rooms of a video-signaling server.
 *
 * In this order: the command line, then one command (see roomctl.h), whose exit status is ours.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "roomctl.h"
#include "roomctl_list.h"

enum need { NEED_ROOM = 1, NEED_CLIENT = 2, NEED_LEVEL = 4 };

static const struct command {
	const char *name;
	int (*run)(const struct roomctl *options);
	unsigned needs;
	const char *options; /* the long ones that it takes */
} commands[] = {
    {"status", roomctl_status, 0, ""},
    {"list", roomctl_list, 0, " sort filter members limit "},
    {"show", roomctl_show, NEED_ROOM, ""},
    {"top", roomctl_top, 0, " sort filter members limit interval "},
    {"watch", roomctl_watch, 0, " for "},
    {"trace", roomctl_trace, NEED_ROOM, " for "},
    {"kick", roomctl_act, NEED_ROOM | NEED_CLIENT, ""},
    {"close", roomctl_act, NEED_ROOM, ""},
    {"drain", roomctl_drain, 0, " wait timeout "},
    {"undrain", roomctl_act, 0, ""},
    {"log", roomctl_act, NEED_LEVEL, ""},
    {"settings", roomctl_settings, 0, ""},
    {"token", roomctl_token, 0, " room sub ttl key iss aud "},
};

enum {
	OPTION_JSON = 256,
	OPTION_SORT,
	OPTION_FILTER,
	OPTION_MEMBERS,
	OPTION_LIMIT,
	OPTION_INTERVAL,
	OPTION_FOR,
	OPTION_WAIT,
	OPTION_TIMEOUT,
	OPTION_ROOM,
	OPTION_SUB,
	OPTION_TTL,
	OPTION_KEY,
	OPTION_ISS,
	OPTION_AUD,
};

static const struct option long_options[] = {
    {"socket", required_argument, NULL, 's'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"sort", required_argument, NULL, OPTION_SORT},
    {"filter", required_argument, NULL, OPTION_FILTER},
    {"members", required_argument, NULL, OPTION_MEMBERS},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"for", required_argument, NULL, OPTION_FOR},
    {"wait", no_argument, NULL, OPTION_WAIT},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"room", required_argument, NULL, OPTION_ROOM},
    {"sub", required_argument, NULL, OPTION_SUB},
    {"ttl", required_argument, NULL, OPTION_TTL},
    {"key", required_argument, NULL, OPTION_KEY},
    {"iss", required_argument, NULL, OPTION_ISS},
    {"aud", required_argument, NULL, OPTION_AUD},
    {NULL, 0, NULL, 0},
};

static int misuse(const char *before, const char *what, const char *after)
{
	fprintf(stderr, "roomctl: %s%s%s; roomctl --help shows how\n", before, what, after);
	return ROOMCTL_USAGE;
}

/* Reads a number; with `ms`, of seconds, of which there may be parts. */
static bool read_number(const char *text, bool ms, uint64_t *ret)
{
	char *end;
	double number;

	errno = 0;
	number = strtod(text, &end);
	if (end == text || *end || errno || !(number >= 0 && number <= 1e9))
		return false;
	*ret = (uint64_t)(ms ? number * 1000 : number);
	return true;
}

/* Reads `90`, `90s`, `15m`, `1h` or `2d`. */
static bool read_duration(const char *text, uint64_t *ret_ms)
{
	static const char units[] = "smhd";
	static const uint64_t seconds[] = {1, 60, 3600, 86400};
	char *end;

	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : units;
	if (end == text || *text == '-' || errno || !unit || (*end && end[1]) || number > 1000000000)
		return false;
	*ret_ms = number * seconds[unit - units] * 1000;
	return true;
}

/* An option of `token`. */
static bool take_token_option(int option, const char *value, struct roomctl *o)
{
	switch (option) {
	case OPTION_ROOM:
		o->room = value;
		return true;
	case OPTION_SUB:
		o->subject = value;
		return true;
	case OPTION_KEY:
		o->key = value;
		return true;
	case OPTION_ISS:
		o->issuer = value;
		return true;
	case OPTION_AUD:
		o->audience = value;
		return true;
	default:
		return read_duration(value, &o->ttl_ms);
	}
}

/* One option that is not --help or --version. Returns a status. */
static int take_option(int option, const char *value, struct roomctl *o)
{
	bool good = true;

	switch (option) {
	case 's':
		o->socket = value;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	case OPTION_SORT:
		o->sort = value;
		good = roomctl_list_can_sort(value);
		break;
	case OPTION_FILTER:
		o->filter = value;
		break;
	case OPTION_MEMBERS:
		good = read_number(value, false, &o->members_min);
		break;
	case OPTION_LIMIT:
		good = read_number(value, false, &o->limit);
		break;
	case OPTION_INTERVAL:
		good = read_number(value, true, &o->interval_ms) && o->interval_ms >= 100;
		break;
	case OPTION_FOR:
		good = read_number(value, true, &o->for_ms);
		break;
	case OPTION_WAIT:
		o->wait = true;
		break;
	case OPTION_TIMEOUT:
		good = read_number(value, true, &o->timeout_ms);
		break;
	case OPTION_ROOM:
	case OPTION_SUB:
	case OPTION_TTL:
	case OPTION_KEY:
	case OPTION_ISS:
	case OPTION_AUD:
		good = take_token_option(option, value, o);
		break;
	default:
		return misuse("", "that is no option of this command", "");
	}
	return good ? ROOMCTL_DONE : misuse("\"", value, "\" is no value of that option");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Takes what stands behind the command. Returns a status. */
static int take_words(const struct command *command, char **words, int count, struct roomctl *o)
{
	const char **places[] = {&o->room, &o->client, &o->level};
	static const char *const names[] = {"ROOM", "CLIENT", "LEVEL"};
	int taken = 0;

	for (int i = 0; i < 3; i++) {
		if (!(command->needs & 1U << i))
			continue;
		if (taken == count)
			return misuse(command->name, " needs ", names[i]);
		*places[i] = words[taken++];
	}
	return taken == count ? ROOMCTL_DONE : misuse("\"", words[taken], "\" is one word too many");
}

static bool takes(const struct command *command, const char *option)
{
	char word[32];

	snprintf(word, sizeof(word), " %s ", option);
	return strstr(command->options, word) != NULL;
}

/* Is the option for this command, or for all? */
static bool is_for(const struct command *command, int option)
{
	if (option == 's' || option == OPTION_JSON || option == 'h' || option == 'V' || option == '?' || !command)
		return true;
	for (const struct option *o = long_options; o->name; o++)
		if (o->val == option)
			return takes(command, o->name);
	return true;
}

/* The command, before the options are read: it says which there may be. */
static const struct command *look_ahead(int argc, char *argv[])
{
	int at = 1;

	while (at < argc && argv[at][0] == '-')
		at += strcmp(argv[at], "-s") == 0 || strcmp(argv[at], "--socket") == 0 ? 2 : 1;
	return at < argc ? find_command(argv[at]) : NULL;
}

static void look_at_terminal(struct roomctl *o)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	o->terminal = isatty(STDOUT_FILENO);
	o->colour = o->terminal && !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
	o->columns = columns ? (unsigned)strtoul(columns, NULL, 10) : 0;
	if (!o->columns && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		o->columns = size.ws_col;
	if (o->columns < 40 || o->columns > 240)
		o->columns = o->columns > 240 ? 240 : 80;
}

int main(int argc, char *argv[])
{
	struct roomctl o = {.sort = NULL, .interval_ms = 1000, .for_ms = UINT64_MAX, .ttl_ms = 3600000};
	int option;
	int status;

	setlocale(LC_CTYPE, "");
	opterr = 0;
	const struct command *command = look_ahead(argc, argv);
	while ((option = getopt_long(argc, argv, "s:hV", long_options, NULL)) != -1) {
		if (option == 'h') {
			roomctl_help(command ? command->name : NULL);
			return ROOMCTL_DONE;
		}
		if (option == 'V') {
			puts("roomctl " VIDEO_SIGNALING_VERSION);
			return ROOMCTL_DONE;
		}
		if (option == '?' || !is_for(command, option))
			return misuse("\"", argv[optind - 1], "\" is no option here, or lacks its value");
		status = take_option(option, optarg, &o);
		if (status != ROOMCTL_DONE)
			return status;
	}
	look_at_terminal(&o);
	if (optind == argc)
		return misuse("", "what is to be done?", " Try roomctl status, or roomctl list");
	if (strcmp(argv[optind], "help") == 0) {
		roomctl_help(argv[optind + 1]);
		return ROOMCTL_DONE;
	}
	command = find_command(argv[optind]);
	if (!command)
		return misuse("there is no command \"", argv[optind], "\"");
	o.command = command->name;
	status = take_words(command, argv + optind + 1, argc - optind - 1, &o);
	return status == ROOMCTL_DONE ? command->run(&o) : status;
}
