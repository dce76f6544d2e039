/* roomctl_token - signs an access token for testing, with a key that the server knows. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roomctl_link.h"
#include "roomctl_mint.h"

#define PATH_BYTES 4096
#define TTL_MS_MAX (366ULL * 24 * 3600 * 1000)

/* What can't be, with the path in it. */
static int fail(const char *what, const char *path, const char *why)
{
	fprintf(stderr, "roomctl: %s%s%s\n", what, path, why);
	return ROOMCTL_REFUSED;
}

/* --- which key --- */

/* The last of the secrets in the directory, by name: of keys that are called by their date, the newest. A key that only
 * verifies signs nothing. */
static int find_secret(const char *directory, char path[PATH_BYTES])
{
	char best[NAME_MAX + 1] = "";
	struct dirent *entry;
	DIR *all = opendir(directory);

	if (!all && errno == ENOTDIR) {
		snprintf(path, PATH_BYTES, "%s", directory);
		return ROOMCTL_DONE;
	}
	if (!all) {
		fprintf(stderr, "roomctl: the keys in %s can't be read: %s; be root, or the server's user\n", directory,
			strerror(errno));
		return ROOMCTL_NOT_ALLOWED;
	}
	while ((entry = readdir(all)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');
		if (dot && dot != entry->d_name && strcmp(dot, ".secret") == 0 && *entry->d_name != '.' &&
		    strcmp(entry->d_name, best) > 0)
			snprintf(best, sizeof(best), "%s", entry->d_name);
	}
	closedir(all);
	if (!*best)
		return fail("there is no NAME.secret in ", directory,
			    ": name the private key with --key, whose public one the server has");
	snprintf(path, PATH_BYTES, "%s/%s", directory, best);
	return ROOMCTL_DONE;
}

/* What the running server expects, unless the options say it. */
static int ask_server(const struct roomctl *o, struct json_object **ret)
{
	struct roomctl ask = *o;
	struct roomctl_link link;

	ask.command = "settings";
	ask.room = NULL;
	int status = roomctl_call(&link, &ask, ret);
	if (status == ROOMCTL_DONE)
		status = roomctl_judge(*ret, &ask);
	roomctl_link_close(&link);
	return status;
}

/* --- the command --- */

int roomctl_token(const struct roomctl *o)
{
	struct json_object *reply = NULL;
	char path[PATH_BYTES];
	const char *issuer = "";
	const char *audience = "";
	int status = ROOMCTL_DONE;

	if (!o->room || !o->subject || o->ttl_ms < 1000 || o->ttl_ms > TTL_MS_MAX) {
		fputs("roomctl: token needs --room ROOM --sub LABEL, and perhaps --ttl 1h (at most a year); roomctl "
		      "token "
		      "--help shows how\n",
		      stderr);
		return ROOMCTL_USAGE;
	}
	if (o->key) {
		snprintf(path, sizeof(path), "%s", o->key);
	} else {
		status = ask_server(o, &reply);
		struct json_object *settings = roomctl_get(reply, "settings");
		const char *keys = roomctl_text(settings, "token_keys");
		issuer = roomctl_text(settings, "token_issuer");
		audience = roomctl_text(settings, "token_audience");
		if (status == ROOMCTL_DONE && !*keys)
			status = fail("", "", "the server has no keys (token_keys): name one with --key");
		if (status == ROOMCTL_DONE)
			status = find_secret(keys, path);
	}
	if (status == ROOMCTL_DONE)
		status = roomctl_mint(o, path, o->issuer ? o->issuer : issuer, o->audience ? o->audience : audience);
	json_object_put(reply);
	return status;
}
