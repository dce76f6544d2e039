/* setting_check - see setting_check.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ice.h"
#include "key.h"
#include "listen_list.h"
#include "origin.h"
#include "peer.h"
#include "setting_check.h"
#include "setting_table.h"

/* --- one by one ------------------------------------------------------------------------------------------------ */

/* `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`, `*:9464` or `none`. */
static bool is_endpoint(const char *text)
{
	struct listen_entry entry;
	const char *at = text;

	return strcmp(text, "none") == 0 ||
	       (!strpbrk(text, " ,") && listen_list_next(&at, &entry) == 1 && !*entry.path);
}

static bool is_listen(const char *text)
{
	struct listen_entry entry;
	int r;

	while ((r = listen_list_next(&text, &entry)) > 0)
		;
	return r == 0;
}

const char *setting_check_text(enum setting_id id, const char *text)
{
	struct networks networks;
	unsigned bits;

	switch (id) {
	case SETTING_host:
		if (listen_is_host(text) || strcmp(text, "none") == 0)
			return NULL;
		return "is no address to listen on; it must be an IP address, localhost or *";
	case SETTING_listen:
		return is_listen(text) ? NULL
				       : "is no list of listeners; each must be like 10.0.0.1:3001, [::1]:3001 or "
					 "unix:/run/x.sock, perhaps with ` proxy` behind it";
	case SETTING_metrics:
		return is_endpoint(text)
			   ? NULL
			   : "is no address and port; it must be like 127.0.0.1:9464, [::1]:9464 or *:9464, or none";
	case SETTING_token_algorithms:
		return key_algorithms_read(text, &bits) == 0
			   ? NULL
			   : "is no list of algorithms; known are HS256, ES256 and EdDSA, separated by commas";
	case SETTING_origins:
		return origins_are_good(text) ? NULL
					      : "is no list of origins; each must be like https://app.example.org or "
						"*.example.org, or same, any or auto";
	case SETTING_ice_servers:
		return ice_urls_are_good(text) ? NULL
					       : "is no list of STUN and TURN servers; each must be like "
						 "stun:stun.example.org or turn:turn.example.org:3478?transport=udp";
	case SETTING_turn_user:
		return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@+") ==
				   strlen(text) &&
			       strlen(text) <= LIMIT_NAME_BYTES
			   ? NULL
			   : "is no name of a TURN user; it may have letters, digits and . - _ @ +";
	case SETTING_trusted_proxies:
		return networks_read(text, &networks) == 0
			   ? NULL
			   : "is no list of addresses; each must be like 127.0.0.1, ::1 or 10.0.0.0/8";
	default:
		return NULL;
	}
}

/* Can nobody on another machine reach any of the listeners? */
static bool is_loopback_only(const struct settings *s)
{
	const char *list = s->listen;
	struct listen_entry entry;
	struct peer peer;
	bool loopback = strcmp(s->host, "none") == 0 || strcmp(s->host, "localhost") == 0 ||
			(peer_read(s->host, strlen(s->host), &peer) == 0 && peer_is_loopback(&peer));

	while (listen_list_next(&list, &entry) > 0)
		loopback &= strcmp(entry.host, "localhost") == 0 ||
			    (peer_read(entry.host, strlen(entry.host), &peer) == 0 && peer_is_loopback(&peer));
	return loopback;
}

const char *setting_check_note(enum setting_id id, const struct settings *settings)
{
	if (id != SETTING_origins || strcmp(settings->origins, "auto") != 0)
		return NULL;
	return is_loopback_only(settings)
		   ? "auto: any page may connect, because only this machine can reach the server"
		   : "auto: only this server's own pages may connect, but on a loopback address any";
}

/* --- together --------------------------------------------------------------------------------------------------- */

/* Writes `ping_timeout_ms = 20000 (/etc/x.conf:3)`. */
static void write_setting(struct out *o, enum setting_id id, const struct settings_loaded *loaded)
{
	setting_spell(o, id, SETTING_AS_KEY);
	out_text(o, " = ");
	setting_write(o, id, &loaded->values);
	out_text(o, " (");
	settings_write_origin(o, id, loaded);
	out_text(o, ")");
}

/* Says that one setting needs another. */
static int lacks(enum setting_id id, enum setting_id other, const char *why, const struct settings_loaded *loaded,
		 struct settings_problem *ret_problem)
{
	struct out o = problem_begin(ret_problem);

	write_setting(&o, id, loaded);
	out_text(&o, " needs ");
	setting_spell(&o, other, SETTING_AS_KEY);
	out_text(&o, why);
	return problem_end(ret_problem, &o);
}

static int check_turn(const struct settings_loaded *loaded, struct settings_problem *ret_problem)
{
	const struct settings *s = &loaded->values;

	if (*s->turn_user && !*s->turn_secret_file)
		return lacks(SETTING_turn_user, SETTING_turn_secret_file, ": a file with that user's password", loaded,
			     ret_problem);
	if (*s->turn_secret_file && !ice_urls_have_turn(s->ice_servers))
		return lacks(SETTING_turn_secret_file, SETTING_ice_servers, ": the address of the TURN server", loaded,
			     ret_problem);
	return 0;
}

static int check_who(const struct settings_loaded *loaded, struct settings_problem *ret_problem)
{
	const struct settings *s = &loaded->values;

	if (s->auth == SETTING_AUTH_TOKEN && !*s->token_keys)
		return lacks(SETTING_auth, SETTING_token_keys,
			     ": the directory of the keys that tokens are signed with", loaded, ret_problem);
	if (strcmp(s->host, "none") == 0 && !*s->listen)
		return lacks(SETTING_host, SETTING_listen, ": something must be listened on", loaded, ret_problem);
	return check_turn(loaded, ret_problem);
}

int setting_check_together(const struct settings_loaded *loaded, struct settings_problem *ret_problem)
{
	const struct settings *s = &loaded->values;
	struct out o = problem_begin(ret_problem);

	if (s->ping_interval_ms > 0 && s->ping_timeout_ms > 0 && s->ping_timeout_ms <= s->ping_interval_ms) {
		write_setting(&o, SETTING_ping_timeout_ms, loaded);
		out_text(&o, " must be larger than ");
		write_setting(&o, SETTING_ping_interval_ms, loaded);
		out_text(&o, ": else a connection is dropped before it was pinged");
		return problem_end(ret_problem, &o);
	}
	if (s->message_bytes_max > 0 && s->message_bytes_max < LIMIT_MESSAGE_BYTES_FLOOR) {
		write_setting(&o, SETTING_message_bytes_max, loaded);
		out_text(&o, " must be at least ");
		out_unsigned(&o, LIMIT_MESSAGE_BYTES_FLOOR);
		out_text(&o, ", to take a join with the longest names, or 0 for as large as can be");
		return problem_end(ret_problem, &o);
	}
	uint64_t largest = s->message_bytes_max > 0 ? s->message_bytes_max : LIMIT_MESSAGE_BYTES_FLOOR;
	if (s->queue_bytes_max > 0 && s->queue_bytes_max < largest + LIMIT_RELAY_BYTES) {
		write_setting(&o, SETTING_queue_bytes_max, loaded);
		out_text(&o, " must be at least ");
		out_unsigned(&o, largest + LIMIT_RELAY_BYTES);
		out_text(&o, ", to hold one message of ");
		write_setting(&o, SETTING_message_bytes_max, loaded);
		return problem_end(ret_problem, &o);
	}
	return check_who(loaded, ret_problem);
}
