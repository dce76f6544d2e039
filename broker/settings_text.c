/*
 * settings_text - the config file's syntax, and the text that the keeper hands to the broker.
 * Process: keeper, broker.  Pure.
 *
 *     # comment
 *     port = 4000       # also here
 *     www = "/srv/a #1" # \" and \\ within quotes
 */
#include <errno.h>
#include <string.h>

#include "setting_table.h"

struct line {
	const char *file;
	unsigned number;
	const char *key;
	size_t key_length;
	char value[SETTINGS_TEXT_BYTES];
	size_t value_length;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static size_t skip_blanks(const char *s, size_t at, size_t n)
{
	while (at < n && is_blank(s[at]))
		at++;
	return at;
}

/* Begins a problem with where it is: `/etc/x.conf:12: `. */
static struct out line_problem(const struct line *line, struct settings_problem *problem)
{
	struct out o = problem_begin(problem);

	setting_quote(&o, line->file, strlen(line->file));
	out_text(&o, ":");
	out_unsigned(&o, line->number);
	out_text(&o, ": ");
	return o;
}

/* Reads the quoted value that begins behind s[at - 1] == '"'. Returns what is wrong, or NULL. */
static const char *read_quoted(const char *s, size_t at, size_t n, struct line *line)
{
	for (;;) {
		if (at == n)
			return "the closing quote is missing";
		char c = s[at++];
		if (c == '"')
			break;
		if (c == '\\') {
			if (at == n || (s[at] != '"' && s[at] != '\\'))
				return "within quotes only \\\" and \\\\ may follow a backslash";
			c = s[at++];
		}
		if (line->value_length == sizeof(line->value) - 1)
			return "the value is longer than 1023 bytes";
		line->value[line->value_length++] = c;
	}
	at = skip_blanks(s, at, n);
	return at == n || s[at] == '#' ? NULL : "only a comment may follow the closing quote";
}

/* Reads a value without quotes: up to a comment, which begins at the value's start or behind a blank. */
static const char *read_plain(const char *s, size_t at, size_t n, struct line *line)
{
	size_t end = at;

	while (end < n && !(s[end] == '#' && (end == at || is_blank(s[end - 1]))))
		end++;
	while (end > at && is_blank(s[end - 1]))
		end--;
	if (end - at >= sizeof(line->value))
		return "the value is longer than 1023 bytes";
	memcpy(line->value, s + at, end - at);
	line->value_length = end - at;
	return NULL;
}

/* Takes one line apart. Returns what is wrong, or NULL; *ret_empty is set if there is nothing in it. */
static const char *read_line(const char *s, size_t n, struct line *line, bool *ret_empty)
{
	size_t at = skip_blanks(s, 0, n);

	*ret_empty = at == n || s[at] == '#';
	if (*ret_empty)
		return NULL;
	if (memchr(s, '\0', n) != NULL)
		return "a NUL byte; this is no text file";

	const char *equals = memchr(s + at, '=', n - at);
	if (equals == NULL || equals == s + at)
		return "this is not `setting = value`, nor a comment, which begins with #";
	line->key = s + at;
	line->key_length = (size_t)(equals - line->key);
	while (line->key_length > 0 && is_blank(line->key[line->key_length - 1]))
		line->key_length--;

	line->value_length = 0;
	at = skip_blanks(s, (size_t)(equals - s) + 1, n);
	return at < n && s[at] == '"' ? read_quoted(s, at + 1, n, line) : read_plain(s, at, n, line);
}

static int use_line(const struct line *line, struct settings *settings, struct settings_origin *origins,
		    struct settings_problem *ret_problem)
{
	int id = setting_find(line->key, line->key_length, SETTING_AS_KEY);

	if (id < 0 && origins == NULL)
		return 0;

	struct out o = line_problem(line, ret_problem);
	if (id < 0) {
		out_text(&o, "there is no setting \"");
		setting_quote(&o, line->key, line->key_length);
		out_text(&o, "\"");
		setting_suggest(&o, line->key, line->key_length, SETTING_AS_KEY);
		return problem_end(ret_problem, &o);
	}
	out_bytes(&o, line->key, line->key_length);
	if (origins != NULL && origins[id].kind == SETTINGS_BY_FILE) {
		out_text(&o, " is set on line ");
		out_unsigned(&o, origins[id].line);
		out_text(&o, " already; remove one of the two");
		return problem_end(ret_problem, &o);
	}
	out_text(&o, ": ");
	if (setting_set((enum setting_id)id, line->value, line->value_length, settings, &o) < 0)
		return problem_end(ret_problem, &o);
	if (origins != NULL)
		origins[id] = (struct settings_origin){.kind = SETTINGS_BY_FILE, .line = line->number};
	return 0;
}

int settings_text_read(const char *name, const char *text, size_t n, struct settings *settings,
		       struct settings_origin *origins, struct settings_problem *ret_problem)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	struct line line = {.file = name};
	size_t at = 0;

	if (n >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		at = 3;
	while (at < n) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t length = end != NULL ? (size_t)(end - (text + at)) : n - at;
		bool empty;

		line.number++;
		const char *what = read_line(text + at, length, &line, &empty);
		if (what != NULL) {
			struct out o = line_problem(&line, ret_problem);
			out_text(&o, what);
			return problem_end(ret_problem, &o);
		}
		if (!empty) {
			int r = use_line(&line, settings, origins, ret_problem);
			if (r < 0)
				return r;
		}
		at += length + 1;
	}
	return 0;
}

int settings_parse(const char *text, size_t n, struct settings *ret, struct settings_problem *ret_problem)
{
	struct settings settings;

	settings_defaults(&settings);
	int r = settings_text_read("settings", text, n, &settings, NULL, ret_problem);
	if (r == 0)
		*ret = settings;
	return r;
}
