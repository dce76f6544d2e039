/*
 * settings_help - the settings shown to people: --help, -n, and "did you mean".
 * Process: keeper.  Pure.
 */
#include <ctype.h>
#include <string.h>

#include "setting_check.h"
#include "setting_table.h"

#define HELP_WIDTH 80
#define HELP_INDENT 29  /* where the explanations begin */
#define SHOW_COMMENT 36 /* where the comments of -n begin */

/* Names longer than this resemble none of ours. */
#define NAME_MAX_LIKE 40

/* The table in its order, headings included. */
static const struct {
	const char *heading; /* NULL: a setting */
	enum setting_id id;
} rows[] = {
#define GROUP(title) {.heading = (title)},
#define ROW(name, ...) {.id = SETTING_##name},
    SETTINGS(GROUP, ROW, ROW, ROW)
#undef GROUP
#undef ROW
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* --- did you mean ----------------------------------------------------------------------------------------------- */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters must be added, removed, changed or swapped with their neighbour to make b of a (Damerau and
 * Levenshtein, restricted). Both are at most NAME_MAX_LIKE long. */
static size_t name_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows3[3][NAME_MAX_LIKE + 1]; /* this row of the matrix and the two before it */

	for (size_t j = 0; j <= b_length; j++)
		rows3[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows3[i % 3], *before = rows3[(i + 2) % 3], *before2 = rows3[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = min3(row[j - 1] + 1, before[j] + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before2[j - 2] + 1 < row[j])
				row[j] = before2[j - 2] + 1;
		}
	}
	return rows3[a_length % 3][b_length];
}

void setting_suggest(struct out *o, const char *name, size_t n, enum setting_spelling spelling)
{
	static const char *const flags[] = {"config", "check", "help", "sample-config", "version"};
	char key[NAME_MAX_LIKE];
	size_t least = 1 + n / 4; /* further away is no resemblance */
	int best = -1;
	const char *best_flag = NULL;

	if (n <= sizeof(key)) {
		for (size_t i = 0; i < n; i++)
			key[i] = name[i] == '-' ? '_' : (char)tolower((unsigned char)name[i]);
		for (int id = 0; id < SETTING_COUNT; id++) {
			const char *other = setting_at((enum setting_id)id)->name;
			size_t distance = name_distance(key, n, other, strlen(other));

			if (distance < least || (distance == least && best < 0)) {
				least = distance;
				best = id;
			}
		}
		for (size_t i = 0; spelling == SETTING_AS_FLAG && i < sizeof(flags) / sizeof(flags[0]); i++) {
			size_t distance = name_distance(key, n, flags[i], strlen(flags[i]));

			if (distance < least || (distance == least && best < 0)) {
				least = distance;
				best_flag = flags[i];
			}
		}
	}
	if (best < 0 && best_flag == NULL) {
		out_text(o, "; --help shows all");
		return;
	}
	out_text(o, "; did you mean ");
	if (best_flag != NULL) {
		out_text(o, "--");
		out_text(o, best_flag);
	} else {
		setting_spell(o, (enum setting_id)best, spelling);
	}
	out_text(o, "?");
}

/* --- columns ---------------------------------------------------------------------------------------------------- */

/* Moves to `column` with spaces; to the next line first if that is passed. `*at` is the column we are in. */
static void go_to(struct out *o, size_t *at, size_t column)
{
	if (*at >= column) {
		out_text(o, "\n");
		*at = 0;
	}
	for (; *at < column; (*at)++)
		out_text(o, " ");
}

/* Writes text in lines of at most HELP_WIDTH that begin in column `indent`; it begins in column *at. */
static void write_wrapped(struct out *o, size_t *at, size_t indent, const char *text)
{
	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (*at > indent && *at + 1 + word > HELP_WIDTH)
			go_to(o, at, indent);
		else if (*at > indent) {
			out_text(o, " ");
			(*at)++;
		}
		out_bytes(o, text, word);
		*at += word;
		text += word + strspn(text + word, " ");
	}
}

static void write_entry(struct out *o, const char *left, const char *right)
{
	size_t at = strlen(left);

	out_text(o, left);
	go_to(o, &at, HELP_INDENT);
	write_wrapped(o, &at, HELP_INDENT, right);
	out_text(o, "\n");
}

/* --- --help ----------------------------------------------------------------------------------------------------- */

static void help_setting(struct out *o, enum setting_id id)
{
	const struct setting *setting = setting_at(id);
	struct settings defaults;
	char left[160], right[400];
	struct out l = out_init(left, sizeof(left) - 1), r = out_init(right, sizeof(right) - 1);

	settings_defaults(&defaults);
	out_text(&l, "  ");
	setting_spell(&l, id, SETTING_AS_FLAG);
	out_text(&l, " ");
	out_text(&l, setting->argument);
	left[l.length] = '\0';

	out_text(&r, setting->help);
	out_text(&r, " (");
	if (setting->kind == SETTING_IS_NUMBER) {
		out_unsigned(&r, setting->min);
		out_text(&r, " to ");
		out_unsigned(&r, setting->max);
		out_text(&r, ", ");
	}
	out_text(&r, "default ");
	setting_write(&r, id, &defaults);
	out_text(&r, ")");
	right[r.length] = '\0';
	write_entry(o, left, right);
}

void settings_help(struct out *o)
{
	out_text(o, "Usage: video-signaling [-n] [-c FILE] [--SETTING VALUE]...\n"
		    "\n"
		    "A WebRTC signaling server in which every room is a process of its own.\n"
		    "\n");
	write_entry(o, "  -c, --config FILE",
		    "read the settings in FILE (default " SETTINGS_DEFAULT_CONFIG ", where that exists)");
	write_entry(o, "  -n, --check",
		    "check the settings, print those in force and where each came from, and exit: "
		    "0 if all is well, 1 if not");
	write_entry(o, "  -h, --help", "print this");
	write_entry(o, "      --sample-config", "print a config file in which every setting is explained");
	write_entry(o, "  -V, --version", "print the version");
	out_text(o, "\n"
		    "A setting message_rate is `message_rate = 50` in the file, --message-rate 50\n"
		    "here, and VIDEO_SIGNALING_MESSAGE_RATE=50 in the environment. A flag wins over\n"
		    "the environment, and that over the file. HOST, PORT and LOG_LEVEL are\n"
		    "understood without the prefix too. Where 0 is allowed and not explained, it\n"
		    "turns the bound off.\n");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (rows[i].heading == NULL) {
			help_setting(o, rows[i].id);
			continue;
		}
		out_text(o, "\n");
		out_text(o, rows[i].heading);
		out_text(o, ":\n");
	}
}

/* --- -n --------------------------------------------------------------------------------------------------------- */

void settings_write_origin(struct out *o, enum setting_id id, const struct settings_loaded *loaded)
{
	const struct settings_origin *origin = &loaded->origins[id];

	switch (origin->kind) {
	case SETTINGS_BY_DEFAULT:
		out_text(o, "default");
		break;
	case SETTINGS_BY_FILE:
		setting_quote(o, loaded->config, strlen(loaded->config));
		out_text(o, ":");
		out_unsigned(o, origin->line);
		break;
	case SETTINGS_BY_VARIABLE: {
		const size_t skipped = origin->bare ? strlen(SETTING_VARIABLE_PREFIX) : 0;
		char name[SETTINGS_TEXT_BYTES];
		struct out n = out_init(name, sizeof(name));

		setting_spell(&n, id, SETTING_AS_VARIABLE);
		out_text(o, "environment ");
		out_bytes(o, name + skipped, n.length - skipped);
		break;
	}
	case SETTINGS_BY_FLAG:
		setting_spell(o, id, SETTING_AS_FLAG);
		break;
	}
}

void settings_show(struct out *o, const struct settings_loaded *loaded)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (rows[i].heading != NULL) {
			out_text(o, i == 0 ? "# " : "\n# ");
			out_text(o, rows[i].heading);
			out_text(o, "\n");
			continue;
		}
		size_t begin = o->length;
		setting_spell(o, rows[i].id, SETTING_AS_KEY);
		out_text(o, " = ");
		setting_write(o, rows[i].id, &loaded->values);
		out_text(o, " ");
		while (!o->truncated && o->length - begin < SHOW_COMMENT)
			out_text(o, " ");
		out_text(o, "# ");
		settings_write_origin(o, rows[i].id, loaded);
		out_text(o, "\n");
		const char *note = setting_check_note(rows[i].id, &loaded->values);
		if (note) {
			out_text(o, "#   ");
			out_text(o, note);
			out_text(o, "\n");
		}
	}
}
