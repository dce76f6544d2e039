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

/* A text value with its NUL: as long as any path or list of addresses that makes sense here. */
#define SETTINGS_TEXT_BYTES 1024

/* One line about what was wrong: room for a path, a value and the range. */
#define SETTINGS_PROBLEM_BYTES 1024

/* All settings as text fit into this. */
#define SETTINGS_RENDERED_BYTES 65536

#define SETTINGS_DEFAULT_CONFIG "/etc/video-signaling/video-signaling.conf"

enum sandbox_setting { SETTING_SANDBOX_AUTO, SETTING_SANDBOX_REQUIRE };
enum auth_setting { SETTING_AUTH_NONE, SETTING_AUTH_TOKEN };
enum token_expiry_setting { SETTING_EXPIRY_JOIN, SETTING_EXPIRY_SESSION };
enum proxy_header_setting { SETTING_PROXY_HEADER_AUTO, SETTING_PROXY_HEADER_X, SETTING_PROXY_HEADER_FORWARDED };

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
	    "address to listen on: an IP address, localhost (127.0.0.1 and ::1), * (all), or none (see listen)") \
	NUMBER(port, 3000, 0, 65535, "PORT", "TCP port to listen on; 0 picks a free one and says which") \
	TEXT(listen, "", "LISTENERS", \
	    "more to listen on, separated by commas: 10.0.0.1:3001, [::1]:3001, unix:/run/x.sock; with ` proxy` behind " \
	    "it, each connection begins with a PROXY header; a Unix socket may have ` mode=0660 group=www-data`") \
	TEXT(www, "", "DIR", \
	    "directory of the demo page's files; empty: those that came with the server; none: no page") \
	TEXT(user, "", "USER", \
	    "user to run as when started as root; empty: video-signaling if it exists, else nobody") \
	GROUP("Who may come in") \
	CHOICE(auth, SETTING_AUTH_NONE, "none|token", "token: only with an access token (a JWT) for the room") \
	TEXT(token_keys, "", "PATH", \
	    "directory of the keys that tokens are signed with, or one key: NAME.secret (HS256) or NAME.pem (a public " \
	    "key: ES256, EdDSA); NAME is the kid") \
	TEXT(token_algorithms, "HS256,ES256,EdDSA", "LIST", "algorithms that tokens may be signed with") \
	TEXT(token_issuer, "", "TEXT", "what a token's iss must be; empty: it is not looked at") \
	TEXT(token_audience, "", "TEXT", "what a token's aud must be, or hold; empty: it is not looked at") \
	CHOICE(token_expiry, SETTING_EXPIRY_JOIN, "join|session", \
	    "what a token's exp ends: the time in which one may join, or the session too") \
	NUMBER(token_leeway, 30, 0, 600, "SECONDS", "how far the clock of whoever issues tokens may be off") \
	TEXT(origins, "auto", "LIST", \
	    "whose pages may connect, separated by commas: https://app.example.org, *.example.org; same: this server's " \
	    "own; any; auto: any on a loopback address, same elsewhere") \
	GROUP("STUN and TURN") \
	TEXT(ice_servers, "", "URLS", \
	    "servers that members are told of, separated by commas: stun:stun.example.org, " \
	    "turn:turn.example.org:3478?transport=udp") \
	TEXT(turn_secret_file, "", "FILE", \
	    "secret shared with the TURN server (coturn: static-auth-secret), for credentials that last turn_ttl") \
	TEXT(turn_user, "", "NAME", "a fixed TURN user, whose password is what turn_secret_file holds") \
	NUMBER(turn_ttl, 3600, 60, 604800, "SECONDS", "how long TURN credentials last") \
	GROUP("Behind a proxy") \
	TEXT(trusted_proxies, "", "ADDRESSES", \
	    "proxies that are believed when they say whence a client came: 127.0.0.1, 10.0.0.0/8, separated by commas; " \
	    "who connects to a Unix socket always is") \
	CHOICE(proxy_header, SETTING_PROXY_HEADER_AUTO, "auto|x-forwarded-for|forwarded", \
	    "where they say it; auto: in either, but not otherwise in the other") \
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
	NUMBER(unacknowledged_ms, DEFAULT_UNACKNOWLEDGED_MS, 0, 3600000, "MS", \
	    "a connection whose peer's system confirms nothing of what it was sent for this long is dropped") \
	NUMBER(resume_ms, DEFAULT_RESUME_MS, 0, 3600000, "MS", \
	    "time that a seat is kept for a member whose connection was lost, if it asked for that; 0: it never is") \
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
