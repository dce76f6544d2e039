/*
 * setting_table - see setting_table.h.
 */
#include "setting_table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "setting_check.h"

/* What is shown of a value, a name or a path: enough to recognise it, and two of them fit a problem. */
#define QUOTE_BYTES 100

static const struct setting table[SETTING_COUNT] = {
#define TEXT(name_, default_, argument_, help_)                                                                        \
	[SETTING_##name_] = {.name = #name_,                                                                           \
			     .argument = (argument_),                                                                  \
			     .help = (help_),                                                                          \
			     .text = (default_),                                                                       \
			     .offset = offsetof(struct settings, name_),                                               \
			     .kind = SETTING_IS_TEXT},
#define NUMBER(name_, default_, min_, max_, argument_, help_)                                                          \
	[SETTING_##name_] = {.name = #name_,                                                                           \
			     .argument = (argument_),                                                                  \
			     .help = (help_),                                                                          \
			     .number = (default_),                                                                     \
			     .min = (min_),                                                                            \
			     .max = (max_),                                                                            \
			     .offset = offsetof(struct settings, name_),                                               \
			     .kind = SETTING_IS_NUMBER},
#define CHOICE(name_, default_, choices_, help_)                                                                       \
	[SETTING_##name_] = {.name = #name_,                                                                           \
			     .argument = (choices_),                                                                   \
			     .help = (help_),                                                                          \
			     .number = (default_),                                                                     \
			     .offset = offsetof(struct settings, name_),                                               \
			     .kind = SETTING_IS_CHOICE},
    SETTINGS(SETTINGS_SKIP, TEXT, NUMBER, CHOICE)
#undef TEXT
#undef NUMBER
#undef CHOICE
};

const struct setting *setting_at(enum setting_id id)
{
	assert((unsigned)id < SETTING_COUNT);
	return &table[id];
}

void settings_defaults(struct settings *ret)
{
	/* Two equal sets of settings are equal bytes: padding and the ends of texts too. */
	memset(ret, 0, sizeof(*ret));
#define TEXT(name, default_, ...)                                                                                      \
	static_assert(sizeof(default_) <= SETTINGS_TEXT_BYTES, #name);                                                 \
	memcpy(ret->name, (default_), sizeof(default_));
#define NUMBER(name, default_, ...) ret->name = (default_);
#define CHOICE(name, default_, ...) ret->name = (default_);
	SETTINGS(SETTINGS_SKIP, TEXT, NUMBER, CHOICE)
#undef TEXT
#undef NUMBER
#undef CHOICE
}

/* --- names --------------------------------------------------------------------------------------------------- */

static char spelled(char c, enum setting_spelling spelling)
{
	if (spelling == SETTING_AS_FLAG && c == '_')
		return '-';
	if (spelling == SETTING_AS_VARIABLE && c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c;
}

int setting_find(const char *name, size_t n, enum setting_spelling spelling)
{
	for (int id = 0; id < SETTING_COUNT; id++) {
		size_t at = 0;

		while (at < n && table[id].name[at] != '\0' && spelled(table[id].name[at], spelling) == name[at])
			at++;
		if (at == n && table[id].name[at] == '\0')
			return id;
	}
	return -ENOENT;
}

void setting_spell(struct out *o, enum setting_id id, enum setting_spelling spelling)
{
	if (spelling == SETTING_AS_FLAG)
		out_text(o, "--");
	else if (spelling == SETTING_AS_VARIABLE)
		out_text(o, SETTING_VARIABLE_PREFIX);
	for (const char *c = setting_at(id)->name; *c != '\0'; c++)
		out_bytes(o, &(char){spelled(*c, spelling)}, 1);
}

void setting_quote(struct out *o, const char *s, size_t n)
{
	out_visible(o, s, n < QUOTE_BYTES ? n : QUOTE_BYTES);
	if (n > QUOTE_BYTES)
		out_text(o, "...");
}

/* --- values -------------------------------------------------------------------------------------------------- */

static void *value_of(enum setting_id id, struct settings *settings)
{
	return (char *)settings + table[id].offset;
}

static const void *const_value_of(enum setting_id id, const struct settings *settings)
{
	return (const char *)settings + table[id].offset;
}

/* Begins `why`: `"abc" `. */
static void why_value(struct out *why, const char *value, size_t n)
{
	out_text(why, "\"");
	setting_quote(why, value, n);
	out_text(why, "\" ");
}

static int set_number(const struct setting *setting, const char *value, size_t n, uint64_t *ret, struct out *why)
{
	const char *what = n == 0 ? "is not a number" : NULL;
	uint64_t number = 0;

	for (size_t at = 0; at < n && what == NULL; at++) {
		if (value[at] < '0' || value[at] > '9')
			what = "is not a number";
		else if (number <= setting->max) /* so it can't overflow: max is far below 2^64 / 10 */
			number = number * 10 + (uint64_t)(value[at] - '0');
	}
	if (what == NULL && number < setting->min)
		what = "is too small";
	if (what == NULL && number > setting->max)
		what = "is too large";
	if (what != NULL) {
		why_value(why, value, n);
		out_text(why, what);
		out_text(why, "; it must be ");
		out_unsigned(why, setting->min);
		out_text(why, " to ");
		out_unsigned(why, setting->max);
		return -EINVAL;
	}
	*ret = number;
	return 0;
}

static int set_choice(enum setting_id id, const char *value, size_t n, int *ret, struct out *why)
{
	int index = 0;

	if (id == SETTING_log_level && n == strlen("warning") && strncasecmp(value, "warning", n) == 0)
		n = strlen("warn");
	for (const char *at = table[id].argument; *at != '\0'; index++) {
		size_t length = strcspn(at, "|");

		if (n == length && strncasecmp(value, at, n) == 0) {
			*ret = index;
			return 0;
		}
		at += length + (at[length] == '|');
	}
	why_value(why, value, n);
	out_text(why, "is not one of ");
	for (const char *at = table[id].argument; *at != '\0'; at++)
		out_text(why, *at == '|' ? ", " : (char[]){*at, '\0'});
	return -EINVAL;
}

static int set_text(enum setting_id id, const char *value, size_t n, char ret[SETTINGS_TEXT_BYTES], struct out *why)
{
	char text[SETTINGS_TEXT_BYTES] = {0};
	const char *what = NULL;

	if (n >= sizeof(text)) {
		why_value(why, value, n);
		out_text(why, "is longer than ");
		out_unsigned(why, SETTINGS_TEXT_BYTES - 1);
		out_text(why, " bytes");
		return -EINVAL;
	}
	if (n > 0)
		memcpy(text, value, n);
	for (size_t at = 0; at < n && what == NULL; at++)
		if ((unsigned char)text[at] < 0x20 || text[at] == 0x7F)
			what = "has a control character in it";
	if (what == NULL)
		what = setting_check_text(id, text);
	if (what != NULL) {
		why_value(why, value, n);
		out_text(why, what);
		return -EINVAL;
	}
	memcpy(ret, text, sizeof(text));
	return 0;
}

int setting_set(enum setting_id id, const char *value, size_t n, struct settings *settings, struct out *why)
{
	const struct setting *setting = setting_at(id);

	if (setting->kind == SETTING_IS_NUMBER)
		return set_number(setting, value, n, value_of(id, settings), why);
	if (setting->kind == SETTING_IS_CHOICE)
		return set_choice(id, value, n, value_of(id, settings), why);
	return set_text(id, value, n, value_of(id, settings), why);
}

void setting_write(struct out *o, enum setting_id id, const struct settings *settings)
{
	const struct setting *setting = setting_at(id);
	const void *value = const_value_of(id, settings);

	if (setting->kind == SETTING_IS_NUMBER) {
		out_unsigned(o, *(const uint64_t *)value);
	} else if (setting->kind == SETTING_IS_CHOICE) {
		const char *at = setting->argument;

		for (int index = *(const int *)value; index > 0; index--)
			at += strcspn(at, "|") + 1;
		out_bytes(o, at, strcspn(at, "|"));
	} else {
		out_text(o, "\"");
		for (const char *c = value; *c != '\0'; c++)
			out_text(o, *c == '"' ? "\\\"" : *c == '\\' ? "\\\\" : (char[]){*c, '\0'});
		out_text(o, "\"");
	}
}

void setting_copy(enum setting_id id, const struct settings *from, struct settings *to)
{
	const struct setting *setting = setting_at(id);
	size_t size = setting->kind == SETTING_IS_NUMBER   ? sizeof(uint64_t)
		      : setting->kind == SETTING_IS_CHOICE ? sizeof(int)
							   : SETTINGS_TEXT_BYTES;

	memcpy(value_of(id, to), const_value_of(id, from), size);
}

void settings_render(struct out *o, const struct settings *values)
{
	for (int id = 0; id < SETTING_COUNT; id++) {
		setting_spell(o, (enum setting_id)id, SETTING_AS_KEY);
		out_text(o, " = ");
		setting_write(o, (enum setting_id)id, values);
		out_text(o, "\n");
	}
}

/* --- problems ------------------------------------------------------------------------------------------------- */

struct out problem_begin(struct settings_problem *problem)
{
	return out_init(problem->text, sizeof(problem->text) - 1);
}

int problem_end(struct settings_problem *problem, struct out *o)
{
	problem->text[o->length] = '\0';
	return -EINVAL;
}
