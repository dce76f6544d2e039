/* shown - how names appear to an operator. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "broker.h"
#include "clock.h"
#include "log.h"
#include "shown.h"

static void room_number(const struct room *room, char out[24])
{
	snprintf(out, 24, "#%llu", (unsigned long long)room->number);
}

void shown_room(struct text *t, const struct room *room)
{
	char number[24];

	switch (room->broker->settings.log_names) {
	case LOG_NAMES_PLAIN:
		text_json(t, room->id.bytes, room->id.length);
		return;
	case LOG_NAMES_HASHED:
		text_format(t, "\"%s\"", log_name(room->id.bytes, room->id.length).text);
		return;
	default:
		room_number(room, number);
		text_json(t, number, strlen(number));
		return;
	}
}

void shown_label(struct text *t, const struct broker *b, const struct name *label)
{
	switch (b->settings.log_names) {
	case LOG_NAMES_PLAIN:
		text_json(t, label->bytes, label->length);
		return;
	case LOG_NAMES_HASHED:
		text_format(t, "\"%s\"", log_name(label->bytes, label->length).text);
		return;
	default:
		text_add(t, "null");
		return;
	}
}

static bool is_hash_of(const struct broker *b, const struct name *name, const char *text, size_t n)
{
	return n == 8 && b->settings.log_names == LOG_NAMES_HASHED &&
	       memcmp(log_name(name->bytes, name->length).text, text, 8) == 0;
}

bool shown_room_is(const struct broker *b, const struct room *room, const char *text, size_t n)
{
	char number[24];

	if (n > 0 && text[0] == '#') {
		room_number(room, number);
		return strlen(number) == n && memcmp(number, text, n) == 0;
	}
	return is_hash_of(b, &room->id, text, n);
}

bool shown_label_is(const struct broker *b, const struct name *label, const char *text, size_t n)
{
	return (label->length == n && memcmp(label->bytes, text, n) == 0) || is_hash_of(b, label, text, n);
}

void shown_time(struct text *t, const char *key, uint64_t at_ms)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	text_field_unsigned(t, key,
			    (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 - (clock_ms() - at_ms));
}
