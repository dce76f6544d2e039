/*
 * settings_sample - the config file that is installed: all that may be set, and nothing that is.
 * Process: keeper.  Pure.
 */
#include <string.h>

#include "setting_table.h"

#define WIDTH 100

static const char header[] =
    "# " SETTINGS_DEFAULT_CONFIG " - the settings of video-signaling(8); video-signaling.conf(5) has more\n"
    "#\n"
    "# Every setting is here with its default. To choose another value, remove the # in front of it. What this file\n"
    "# sets, the environment (VIDEO_SIGNALING_PORT) and flags (--port) may set anew. `video-signaling -n` checks all\n"
    "# and shows what is in force, and where it came from. Where 0 is allowed and not explained, it turns a bound "
    "off.\n"
    "#\n"
    "# As a service, the server is given its sockets: where they are is set in video-signaling.socket (systemctl edit\n"
    "# video-signaling.socket), -control.socket and -metrics.socket, and host, port, control and metrics here must be\n"
    "# left out, or say the same.\n";

static void sample_group(struct out *o, const char *title)
{
	out_text(o, "\n\n# --- ");
	out_text(o, title);
	out_text(o, " ---\n");
}

/* Writes text as a comment in lines of at most WIDTH. */
static void write_comment(struct out *o, const char *text)
{
	size_t at = 1;

	out_text(o, "#");
	for (; *text; text += strspn(text, " ")) {
		size_t word = strcspn(text, " ");
		if (at + 1 + word > WIDTH) {
			out_text(o, "\n#");
			at = 1;
		}
		out_text(o, " ");
		out_bytes(o, text, word);
		at += 1 + word;
		text += word;
	}
	out_text(o, "\n");
}

static void sample_setting(struct out *o, enum setting_id id, const struct settings *defaults)
{
	const struct setting *setting = setting_at(id);
	char text[512];
	struct out t = out_init(text, sizeof(text) - 1);

	out_text(&t, setting->help);
	if (setting->kind == SETTING_IS_NUMBER) {
		out_text(&t, " (");
		out_unsigned(&t, setting->min);
		out_text(&t, " to ");
		out_unsigned(&t, setting->max);
		out_text(&t, ")");
	} else if (setting->kind == SETTING_IS_CHOICE) {
		out_text(&t, " (");
		for (const char *at = setting->argument; *at; at++)
			out_text(&t, *at == '|' ? ", " : (char[]){*at, '\0'});
		out_text(&t, ")");
	}
	text[t.length] = '\0';
	out_text(o, "\n");
	write_comment(o, text);
	out_text(o, "#");
	setting_spell(o, id, SETTING_AS_KEY);
	out_text(o, " = ");
	setting_write(o, id, defaults);
	out_text(o, "\n");
}

void settings_sample(struct out *o)
{
	struct settings defaults;

	settings_defaults(&defaults);
	out_text(o, header);
#define GROUP(title) sample_group(o, title);
#define ROW(name, ...) sample_setting(o, SETTING_##name, &defaults);
	SETTINGS(GROUP, ROW, ROW, ROW)
#undef GROUP
#undef ROW
}
