/*
 * settings - what an operator may choose: one table, from which come defaults, the config file, the environment, the
 * flags, --help, -n and the manual.
 * Process: keeper (reads and checks), broker (gets the keeper's text).
 * Never:   logs; ends the process; opens anything but the config file.
 * Fails:   -EINVAL with one line that says where (file:line, variable or flag), what was wrong and what would be right.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "log.h"
#include "out.h"

/* A text value with its NUL: as long as any path or host name that makes sense here. */
#define SETTINGS_TEXT_BYTES 256

/* One line about what was wrong: room for a path, a value and the range. */
#define SETTINGS_PROBLEM_BYTES 1024

/* All settings as text fit into this. */
#define SETTINGS_RENDERED_BYTES 16384

#define SETTINGS_DEFAULT_CONFIG "/etc/video-signaling/video-signaling.conf"

enum sandbox_setting { SETTING_SANDBOX_AUTO, SETTING_SANDBOX_REQUIRE };

/*
 * GROUP(title)                                        a heading for those that follow, in --help and -n
 * TEXT(name, default, argument, help)
 * NUMBER(name, default, min, max, argument, help)     0, where min is 0, turns the bound off
 * CHOICE(name, default, "a|b|c", help)                in the order of the enum behind it
 */
/* clang-format off */
#define SETTINGS(GROUP, TEXT, NUMBER, CHOICE) \
	GROUP("Listening") \
	TEXT(host, "localhost", "ADDRESS", \
	    "address to listen on: an IP address, localhost (127.0.0.1 and ::1) or * (all)") \
	NUMBER(port, 3000, 0, 65535, "PORT", "TCP port to listen on; 0 picks a free one and says which") \
	TEXT(www, "", "DIR", \
	    "directory of the demo page's files; empty: those that came with the server; none: no page") \
	TEXT(user, "", "USER", \
	    "user to run as when started as root; empty: video-signaling if it exists, else nobody") \
	GROUP("Logging") \
	CHOICE(log_level, LOG_LEVEL_INFO, "error|warn|info|debug|trace", "how much is logged") \
	CHOICE(log_names, LOG_NAMES_HASHED, "plain|hashed|none", "how room ids and labels appear in the log") \
	CHOICE(log_format, LOG_FORMAT_AUTO, "auto|text|json", \
	    "auto: for the journal where stderr leads there, else text") \
	GROUP("Operators") \
	TEXT(control, "", "PATH", \
	    "socket for roomctl; empty: control.sock in the service's own directory in /run, or the user's; none: no socket") \
	TEXT(control_group, "", "GROUP", \
	    "group whose members may look with roomctl; empty: video-signaling, if started as root") \
	TEXT(control_admin_group, "", "GROUP", \
	    "group whose members may look and act with roomctl; empty: video-signaling-admin, if started as root") \
	TEXT(metrics, "127.0.0.1:9464", "ADDRESS:PORT", "where Prometheus finds /metrics; none: nowhere") \
	GROUP("Processes") \
	CHOICE(sandbox, SETTING_SANDBOX_AUTO, "auto|require", \
	    "auto: use what the kernel has and say what is missing; require: refuse to start without all of it") \
	NUMBER(pool_size, DEFAULT_POOL_SIZE, 0, 256, "COUNT", "warm room processes kept ready") \
	GROUP("Connections and rooms") \
	NUMBER(max_connections, DEFAULT_MAX_CONNECTIONS, 0, 1000000, "COUNT", "connections in all") \
	NUMBER(max_lobby, DEFAULT_MAX_LOBBY, 0, 1000000, "COUNT", "connections that are in no room") \
	NUMBER(address_connections, DEFAULT_ADDRESS_CONNECTIONS, 0, 1000000, "COUNT", \
	    "connections of one address (IPv6: of one /64)") \
	NUMBER(max_rooms, DEFAULT_MAX_ROOMS, 0, 100000, "COUNT", "rooms in all") \
	NUMBER(max_members, DEFAULT_MAX_MEMBERS, 0, LIMIT_MEMBERS_CEILING, "COUNT", "members of one room") \
	GROUP("Time") \
	NUMBER(request_timeout_ms, DEFAULT_REQUEST_TIMEOUT_MS, 0, 600000, "MS", "time to finish the HTTP request") \
	NUMBER(join_timeout_ms, DEFAULT_JOIN_TIMEOUT_MS, 0, 3600000, "MS", "time to the first join") \
	NUMBER(ping_interval_ms, DEFAULT_PING_INTERVAL_MS, 0, 3600000, "MS", "a connection idle for this long is pinged") \
	NUMBER(ping_timeout_ms, DEFAULT_PING_TIMEOUT_MS, 0, 3600000, "MS", \
	    "a connection that answered nothing for this long is dropped") \
	GROUP("Messages") \
	NUMBER(message_bytes_max, DEFAULT_MESSAGE_BYTES_MAX, 0, LIMIT_MESSAGE_BYTES_CEILING, "BYTES", \
	    "largest message of a client, at least 2048") \
	NUMBER(message_rate, DEFAULT_MESSAGE_RATE, 0, 1000000, "PER_SECOND", "messages of one client") \
	NUMBER(message_burst, DEFAULT_MESSAGE_BURST, 1, 1000000, "COUNT", "messages that one client may send at once") \
	NUMBER(byte_rate, DEFAULT_BYTE_RATE, 0, 1000000000, "PER_SECOND", "bytes of one client") \
	NUMBER(byte_burst, DEFAULT_BYTE_BURST, 1, 1000000000, "BYTES", "bytes that one client may send at once") \
	NUMBER(join_rate, DEFAULT_JOIN_RATE, 0, 1000000, "PER_SECOND", "joins of one address") \
	NUMBER(join_burst, DEFAULT_JOIN_BURST, 1, 1000000, "COUNT", "joins of one address at once") \
	NUMBER(bad_messages_max, DEFAULT_BAD_MESSAGES_MAX, 0, 1000000, "COUNT", \
	    "bad messages of one client, then it is closed") \
	NUMBER(queue_bytes_max, DEFAULT_QUEUE_BYTES_MAX, 0, LIMIT_QUEUE_BYTES_CEILING, "BYTES", \
	    "bytes waiting for one slow reader, then it is closed")
/* clang-format on */

/* The expansions that a use of the table has no need of. */
#define SETTINGS_SKIP(...)

struct settings {
#define TEXT(name, ...) char name[SETTINGS_TEXT_BYTES];
#define NUMBER(name, ...) uint64_t name;
#define CHOICE(name, ...) int name;
	SETTINGS(SETTINGS_SKIP, TEXT, NUMBER, CHOICE)
#undef TEXT
#undef NUMBER
#undef CHOICE
};

/* SETTING_port and so on: indices into the table. */
enum setting_id {
#define ID(name, ...) SETTING_##name,
	SETTINGS(SETTINGS_SKIP, ID, ID, ID)
#undef ID
	    SETTING_COUNT
};

/* What the command line asks for. */
enum settings_action {
	SETTINGS_RUN,
	SETTINGS_CHECK,   /* -n: settings_show() and exit 0 */
	SETTINGS_HELP,    /* settings_help() and exit 0; the values were not read */
	SETTINGS_SAMPLE,  /* settings_sample() and exit 0; the values were not read */
	SETTINGS_VERSION, /* VIDEO_SIGNALING_VERSION and exit 0; the values were not read */
};

enum settings_origin_kind { SETTINGS_BY_DEFAULT, SETTINGS_BY_FILE, SETTINGS_BY_VARIABLE, SETTINGS_BY_FLAG };

/* Where a value came from. */
struct settings_origin {
	enum settings_origin_kind kind;
	unsigned line; /* of the config file, from 1 */
	bool bare;     /* the variable was PORT, not VIDEO_SIGNALING_PORT */
};

/* The settings in force, and how they came to be. Flat: it may be copied. */
struct settings_loaded {
	struct settings values;
	struct settings_origin origins[SETTING_COUNT];
	enum settings_action action;
	const char *config; /* the file that was read, in argv or static; NULL if none was */
};

/* Why they could not be read: one line without a newline or the program's name, NUL-terminated, safe for a terminal.
 * `text` is complete English: `/etc/x.conf:12: port: "abc" is not a number; it must be 0 to 65535`. */
struct settings_problem {
	char text[SETTINGS_PROBLEM_BYTES];
};

void settings_defaults(struct settings *ret);

/* Reads all there is: defaults, then the config file (--config, else default_config if it is there; NULL: none), then
 * the variables of envp, then the flags of argv[1...argc); later wins. Checks each value and whether they fit together.
 * Returns 0; -EINVAL, or what reading the file failed with, and fills *ret_problem (exit status 1 is meant to follow).
 * argv and envp are only looked at; call it again to reload the file. */
int settings_load(int argc, char *const argv[], char *const envp[], const char *default_config,
		  struct settings_loaded *ret, struct settings_problem *ret_problem);

/* Writes --help, at most 80 columns wide, generated from the table. */
void settings_help(struct out *o);

/* Writes a config file that says nothing: every setting with its default, explained, as a comment. */
void settings_sample(struct out *o);

/* Writes every setting in force in the config file's syntax, with where each came from as a comment behind it. */
void settings_show(struct out *o, const struct settings_loaded *loaded);

/* Writes all values in the config file's syntax, one a line, for settings_parse(). SETTINGS_RENDERED_BYTES suffice. */
void settings_render(struct out *o, const struct settings *values);

/* Reads what settings_render() of this version, or of one before or after it, wrote: what is not in the text keeps its
 * default, and keys that this version does not know are ignored. Returns 0, or -EINVAL and fills *ret_problem. */
int settings_parse(const char *text, size_t n, struct settings *ret, struct settings_problem *ret_problem);

#endif
