/* keeper_equip - what the keeper gives a new broker. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "keeper_equip.h"
#include "memory_file.h"
#include "secrets.h"

int keeper_equip(const struct keeper_config *config, const uint8_t log_key[LOG_KEY_BYTES], int memory, int channel)
{
	const struct bind_listeners *l = config->listeners;
	char text[SETTINGS_RENDERED_BYTES];
	struct out o = out_init(text, sizeof(text));
	struct ipc_configure configure = {.log_format = (uint32_t)log_format_in_force()};

	settings_render(&o, config->settings);
	assert(!o.truncated);
	memcpy(configure.log_key, log_key, sizeof(configure.log_key));
	configure.settings_bytes = (uint32_t)o.length;
	int file = memory_file("settings", o.at, o.length);
	if (file < 0)
		return file;
	int error = ipc_send(channel, IPC_CONFIGURE, &configure, NULL, 0, file);
	close(file);
	if (error == 0)
		error = ipc_send(channel, IPC_MEMORY, &(struct ipc_nothing){0}, NULL, 0, memory);
	if (error == 0 && config->programs->www >= 0)
		error = ipc_send(channel, IPC_SITE, &(struct ipc_nothing){0}, NULL, 0, config->programs->www);
	if (error == 0)
		error = operators_equip(config->operators, channel);
	if (error == 0)
		error = ipc_send(channel, IPC_SECRETS, &(struct ipc_secrets){.bytes = sizeof(struct secrets)}, NULL, 0,
				 config->secrets);
	for (uint32_t i = 0; error == 0 && i < l->count; i++) {
		struct ipc_listener listener = {.number = i, .count = l->count, .kind = bind_kind(l, i)};
		error = ipc_send(channel, IPC_LISTENER, &listener, NULL, 0, l->fds[i]);
	}
	return error;
}

/* A listener's address, as one would type it into a browser: `http://localhost:3000`. */
static void write_url(const struct keeper_config *config, char *ret, size_t size)
{
	const char *host = config->settings->host;
	bool everywhere = strcmp(host, "*") == 0 || strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0;
	const char *shown = everywhere ? "localhost" : host;

	snprintf(ret, size, strchr(shown, ':') ? "http://[%s]:%u" : "http://%s:%u", shown, config->listeners->port);
}

static void greet_also(const struct bind_listeners *l)
{
	char where[128];

	for (unsigned i = l->first_of_list; i < l->count; i++) {
		bind_where(l->fds[i], where, sizeof(where));
		printf("  also on    %s%s\n", where, l->proxy[i] ? ", behind the PROXY protocol" : "");
	}
}

void keeper_greet(const struct keeper_config *config)
{
	char url[SETTINGS_TEXT_BYTES + 32];

	if (notify_on(config->notify)) {
		notify_say(config->notify, NOTIFY_READY, "Serving");
		return;
	}
	printf("video-signaling %s is ready\n", VIDEO_SIGNALING_VERSION);
	if (strcmp(config->settings->host, "none") != 0) {
		write_url(config, url, sizeof(url));
		printf("  demo page  %s/\n"
		       "  health     %s/health\n",
		       url, url);
	}
	greet_also(config->listeners);
	printf("  stop       Ctrl-C\n");
	fflush(stdout);
}
