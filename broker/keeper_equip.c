/* keeper_equip - what the keeper gives a new broker. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "keeper_equip.h"
#include "memory_file.h"

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
	for (uint32_t i = 0; error == 0 && i < l->count; i++) {
		struct ipc_listener listener = {.number = i, .count = l->count};
		error = ipc_send(channel, IPC_LISTENER, &listener, NULL, 0, l->fds[i]);
	}
	return error;
}

void keeper_greet(const struct keeper_config *config)
{
	const char *host = config->settings->host;
	uint16_t port = config->listeners->port;
	bool everywhere = strcmp(host, "*") == 0 || strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0;
	const char *shown = everywhere ? "localhost" : host;
	const char *open = strchr(shown, ':') ? "[" : "";
	const char *close = *open ? "]" : "";

	if (notify_on(config->notify)) {
		notify_say(config->notify, "READY=1\nSTATUS=Serving", -1);
		return;
	}
	printf("video-signaling %s is ready\n"
	       "  demo page  http://%s%s%s:%u/\n"
	       "  health     http://%s%s%s:%u/health\n"
	       "  stop       Ctrl-C\n",
	       VIDEO_SIGNALING_VERSION, open, shown, close, port, open, shown, close, port);
	fflush(stdout);
}
