/* log_fields - one event, taken apart again. */
#include "log_fields.h"

#include <string.h>

/* Digits that every reader of JSON keeps exact. */
#define DIGITS_EXACT 15

bool log_field_next(const char **at, const char *end, struct log_field *ret)
{
	const char *s = *at;

	while (s < end && *s == ' ')
		s++;
	if (s == end)
		return false;
	*ret = (struct log_field){.key = s, .value = s};
	while (s < end && *s != ' ' && *s != '=')
		s++;
	if (s < end && *s == '=') {
		ret->key_length = (size_t)(s - ret->key);
		s++;
		ret->quoted = s < end && *s == '"';
		s += ret->quoted;
		ret->value = s;
	}
	/* Within quotes there is no quote: log_name() writes it as \x22. */
	while (s < end && *s != (ret->quoted ? '"' : ' '))
		s++;
	ret->value_length = (size_t)(s - ret->value);
	*at = s + (ret->quoted && s < end);
	return true;
}

static bool is_number(const struct log_field *f)
{
	for (size_t i = 0; i < f->value_length; i++)
		if (f->value[i] < '0' || f->value[i] > '9')
			return false;
	return !f->quoted && f->value_length > 0 && f->value_length <= DIGITS_EXACT &&
	       (f->value[0] != '0' || f->value_length == 1);
}

void log_fields_json(struct out *o, const char *details, size_t n, size_t reserve)
{
	const char *end = details + n;
	struct log_field f;

	while (log_field_next(&details, end, &f)) {
		const size_t before = o->length;

		out_text(o, ",");
		if (f.key_length > 0)
			out_json_string(o, f.key, f.key_length);
		else
			out_text(o, "\"text\"");
		out_text(o, ":");
		if (is_number(&f))
			out_bytes(o, f.value, f.value_length);
		else
			out_json_string(o, f.value, f.value_length);
		if (o->truncated || o->size - o->length < reserve) {
			o->length = before;
			o->truncated = false;
			return;
		}
	}
}

void log_fields_journal(struct out *o, const char *details, size_t n)
{
	const char *end = details + n;
	struct log_field f;

	while (log_field_next(&details, end, &f)) {
		const size_t before = o->length;

		if (f.key_length == 0)
			continue;
		out_text(o, "VIDEO_SIGNALING_");
		for (size_t i = 0; i < f.key_length; i++) {
			const char c = f.key[i];

			out_bytes(o, c >= 'a' && c <= 'z' ? (char[]){(char)(c - 'a' + 'A')} : &c, 1);
		}
		out_text(o, "=");
		out_bytes(o, f.value, f.value_length);
		out_text(o, "\n");
		if (o->truncated) {
			o->length = before;
			o->truncated = false;
			return;
		}
	}
}
