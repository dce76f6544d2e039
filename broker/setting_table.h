/*
 * setting_table - the table of settings.h as data, for the files that read, check and show settings by name.
 * Process: keeper, broker.  Pure.
 */
#ifndef SETTING_TABLE_H
#define SETTING_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "out.h"
#include "settings.h"

enum setting_kind { SETTING_IS_TEXT, SETTING_IS_NUMBER, SETTING_IS_CHOICE };

/* How a setting's name is written: message_rate, --message-rate, VIDEO_SIGNALING_MESSAGE_RATE. */
enum setting_spelling { SETTING_AS_KEY, SETTING_AS_FLAG, SETTING_AS_VARIABLE };

#define SETTING_VARIABLE_PREFIX "VIDEO_SIGNALING_"

struct setting {
	const char *name;
	const char *argument;      /* what --help calls the value; a choice's is "a|b|c" */
	const char *help;          /* no full stop */
	const char *text;          /* a text's default */
	uint64_t number, min, max; /* a number's default and range; a choice's default index is in `number` */
	size_t offset;             /* in struct settings */
	enum setting_kind kind;
};

/* The one with this index; never NULL. */
const struct setting *setting_at(enum setting_id id);

/* Finds name[0..n), in that spelling but without "--" or the prefix. Returns its index, or -ENOENT. */
int setting_find(const char *name, size_t n, enum setting_spelling spelling);

/* Sets one value from its text value[0..n). Returns 0; or -EINVAL, leaves the value alone, and writes to `why` what is
 * wrong and what would be right: `"abc" is not a number; it must be 0 to 65535`. */
int setting_set(enum setting_id id, const char *value, size_t n, struct settings *settings, struct out *why);

/* Writes the value in the config file's syntax: `3000`, `info`, `"localhost"`. */
void setting_write(struct out *o, enum setting_id id, const struct settings *settings);

/* Copies one setting's value. */
void setting_copy(enum setting_id id, const struct settings *from, struct settings *to);

/* Writes a setting's name in that spelling, whole: with "--" or the prefix. */
void setting_spell(struct out *o, enum setting_id id, enum setting_spelling spelling);

/* Writes `; did you mean --port?` if a setting's name is much like name[0..n) (as setting_find() takes it), else where
 * to look for the names. */
void setting_suggest(struct out *o, const char *name, size_t n, enum setting_spelling spelling);

/* Writes s[0..n) so that a terminal can show it, the front of it if it is long. */
void setting_quote(struct out *o, const char *s, size_t n);

/* Writes where the value came from: `default`, `/etc/x.conf:12`, `environment PORT`, `--port`. */
void settings_write_origin(struct out *o, enum setting_id id, const struct settings_loaded *loaded);

/* A problem is written to what problem_begin() returns; problem_end() ends its text, and returns -EINVAL. */
struct out problem_begin(struct settings_problem *problem);
int problem_end(struct settings_problem *problem, struct out *o);

/* Reads a config file's text[0..n), called `name` in problems, over the values in *settings, and notes the lines in
 * origins[SETTING_COUNT]. With origins NULL, unknown keys are ignored. Returns 0, or -EINVAL and fills *ret_problem. */
int settings_text_read(const char *name, const char *text, size_t n, struct settings *settings,
		       struct settings_origin *origins, struct settings_problem *ret_problem);

#endif
