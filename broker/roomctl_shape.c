/* roomctl_shape - how things are written on a terminal. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "out.h"
#include "roomctl_shape.h"
#include "utf8.h"

struct shape shape_duration(uint64_t ms)
{
	struct shape s;
	uint64_t second = ms / 1000, minute = second / 60, hour = minute / 60;

	if (ms < 1000)
		snprintf(s.text, sizeof(s.text), "%" PRIu64 "ms", ms);
	else if (second < 60)
		snprintf(s.text, sizeof(s.text), "%" PRIu64 "s", second);
	else if (minute < 60)
		snprintf(s.text, sizeof(s.text), "%" PRIu64 "m%02" PRIu64 "s", minute, second % 60);
	else if (hour < 24)
		snprintf(s.text, sizeof(s.text), "%" PRIu64 "h%02" PRIu64 "m", hour, minute % 60);
	else
		snprintf(s.text, sizeof(s.text), "%" PRIu64 "d%02" PRIu64 "h", hour / 24, hour % 24);
	return s;
}

struct shape shape_count(uint64_t count)
{
	static const char units[] = " KMGTPE";
	struct shape s;
	uint64_t tenths;
	unsigned unit = 0;

	if (count < 1000) {
		snprintf(s.text, sizeof(s.text), "%" PRIu64, count);
		return s;
	}
	for (tenths = count < UINT64_MAX / 10 ? count * 10 : UINT64_MAX; tenths >= 10000; tenths /= 1000)
		unit++;
	if (tenths < 100)
		snprintf(s.text, sizeof(s.text), "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, units[unit]);
	else
		snprintf(s.text, sizeof(s.text), "%" PRIu64 "%c", tenths / 10, units[unit]);
	return s;
}

static unsigned width_of(uint32_t code)
{
	int width = wcwidth((wchar_t)code);

	return width < 0 ? 1 : (unsigned)width;
}

unsigned shape_width(const char *text)
{
	unsigned width = 0;
	uint32_t code;

	for (size_t n; (n = utf8_read((const uint8_t *)text, strlen(text), &code)) > 0; text += n)
		width += width_of(code);
	return width;
}

struct shape shape_name(const char *name, unsigned width)
{
	char visible[SHAPE_BYTES];
	struct out v = out_init(visible, sizeof(visible) - 1);
	struct shape s;
	struct out o = out_init(s.text, sizeof(s.text) - 1);
	unsigned at = 0;
	uint32_t code;

	out_visible(&v, name, strlen(name));
	visible[v.length] = '\0';
	bool cut = shape_width(visible) > width;
	const char *from = visible;
	for (size_t n; (n = utf8_read((const uint8_t *)from, strlen(from), &code)) > 0; from += n) {
		if (at + width_of(code) + cut > width)
			break;
		out_bytes(&o, from, n);
		at += width_of(code);
	}
	if (cut && width > 0) {
		out_text(&o, "~");
		at++;
	}
	for (; at < width; at++)
		out_text(&o, " ");
	s.text[o.length] = '\0';
	return s;
}

struct shape shape_text(const char *text)
{
	struct shape s;
	struct out o = out_init(s.text, sizeof(s.text) - 1);

	out_visible(&o, text, strlen(text));
	s.text[o.length] = '\0';
	return s;
}

struct shape shape_time(uint64_t at_ms)
{
	time_t second = (time_t)(at_ms / 1000);
	struct tm tm = {0};
	struct shape s;

	localtime_r(&second, &tm);
	snprintf(s.text, sizeof(s.text), "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned)(at_ms % 1000));
	return s;
}

const char *shape_colour(bool on, enum shape_colour colour)
{
	static const char *const sequences[] = {"\x1b[0m",  "\x1b[1m",  "\x1b[2m", "\x1b[31m",
						"\x1b[32m", "\x1b[33m", "\x1b[36m"};

	return on ? sequences[colour] : "";
}
