/*
 * log - see log.h.
 */
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log_fields.h"
#include "log_journal.h"
#include "out.h"
#include "siphash.h"
#include "utf8.h"

/* What comes before an event's details, at most: time, level, process, the event's name. */
#define LOG_PREFIX_BYTES 96

static_assert(LOG_KEY_BYTES == SIPHASH_KEY_BYTES, "the key of the hashes");

static struct log_config config = {
    .process = "video-signaling",
    .level = LOG_LEVEL_INFO,
    .names = LOG_NAMES_HASHED,
    .format = LOG_FORMAT_TEXT,
};

static struct log_site *held_back; /* the sites that have lines to account for */
static uint64_t lost;              /* lines that could not be written since the last that could */

/* --- configuration ---------------------------------------------------------------------------------------------- */

/* sd-daemon(3): JOURNAL_STREAM is "DEVICE:INODE" of the stream that leads to the journal. stderr may have been
 * redirected since. */
static enum log_format find_format(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	char *end;
	struct stat st;

	if (stream == NULL)
		return LOG_FORMAT_TEXT;
	device = strtoull(stream, &end, 10);
	if (*end != ':')
		return LOG_FORMAT_TEXT;
	inode = strtoull(end + 1, &end, 10);
	if (*end != '\0' || fstat(STDERR_FILENO, &st) < 0 || st.st_dev != device || st.st_ino != inode)
		return LOG_FORMAT_TEXT;
	return LOG_FORMAT_JOURNAL;
}

void log_init(const struct log_config *new_config)
{
	config = *new_config;
	if (config.format == LOG_FORMAT_AUTO)
		config.format = find_format();
	if (config.format == LOG_FORMAT_JOURNAL && config.native)
		log_journal_open(LOG_JOURNAL_SOCKET); /* without it, stderr leads there too */
}

enum log_format log_format_in_force(void)
{
	return config.format;
}

void log_set_level(enum log_level level)
{
	config.level = level;
}

bool log_on(enum log_level level)
{
	return level <= config.level;
}

const char *log_level_text(enum log_level level)
{
	static const char *const texts[] = {"error", "warn", "info", "debug", "trace"};

	return texts[level];
}

/* --- one line --------------------------------------------------------------------------------------------------- */

static void out_padded(struct out *o, unsigned value, unsigned digits)
{
	char text[10];

	for (unsigned i = digits; i-- > 0; value /= 10)
		text[i] = (char)('0' + value % 10);
	out_bytes(o, text, digits);
}

/* Writes `2026-11-23T10:00:00.123Z `. By hand: gmtime_r() opens the time zone's file, which a sandbox forbids. */
static void out_time(struct out *o)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	const uint32_t second = (uint32_t)(now.tv_sec % 86400);
	/* The civil calendar from days, by eras of 400 years that begin on the first of March (H. Hinnant's
	 * chrono-compatible algorithms); days are counted from 0000-03-01. */
	const uint64_t days = (uint64_t)now.tv_sec / 86400 + 719468;
	const uint32_t day_of_era = (uint32_t)(days % 146097);
	const uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	const uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	const uint32_t month = (5 * day_of_year + 2) / 153; /* March is 0 */
	const bool next_year = month >= 10;

	out_padded(o, (uint32_t)(days / 146097) * 400 + year_of_era + next_year, 4);
	out_text(o, "-");
	out_padded(o, next_year ? month - 9 : month + 3, 2);
	out_text(o, "-");
	out_padded(o, day_of_year - (153 * month + 2) / 5 + 1, 2);
	out_text(o, "T");
	out_padded(o, second / 3600, 2);
	out_text(o, ":");
	out_padded(o, second / 60 % 60, 2);
	out_text(o, ":");
	out_padded(o, second % 60, 2);
	out_text(o, ".");
	out_padded(o, (uint32_t)(now.tv_nsec / 1000000), 3);
	out_text(o, "Z ");
}

static const char priorities[] = {'3', '4', '6', '7', '7'}; /* by level; syslog(3) */

/* Writes what comes before the event. */
static void out_prefix(struct out *o, enum log_level level)
{
	if (config.format == LOG_FORMAT_JOURNAL) {
		out_bytes(o, (const char[]){'<', priorities[level], '>'}, 3);
	} else {
		const char *text = log_level_text(level);

		out_time(o);
		out_bytes(o, text, strlen(text));
		out_bytes(o, "      ", 6 - strlen(text));
	}
	out_text(o, config.process);
	out_text(o, ": ");
}

/* What can't be escaped any more, because it has been put together with the rest, is at least made harmless: control
 * characters, those of C1 (C2 80 to C2 9F) too. */
static void defuse(char *text, size_t n)
{
	for (size_t at = 0; at < n; at++) {
		const unsigned char c = (unsigned char)text[at];

		if (c < 0x20 || c == 0x7F)
			text[at] = '?';
		else if (c == 0xC2 && at + 1 < n && ((unsigned char)text[at + 1] & 0xE0) == 0x80)
			text[at] = text[at + 1] = '?';
	}
}

static bool try_write(const char *line, size_t n)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	/* stderr is shared, so it can't be made non-blocking; but a pipe that poll() calls writable takes PIPE_BUF. */
	if (!config.patient && (poll(&fd, 1, 0) != 1 || (fd.revents & POLLOUT) == 0))
		return false;
	return write(STDERR_FILENO, line, n) == (ssize_t)n;
}

/* An object of JSON, whole whatever is left out of it. */
static void out_json(struct out *o, enum log_level level, const char *event, const char *details, size_t n)
{
	out_text(o, "{\"time\":\"");
	out_time(o);
	o->length--; /* the blank */
	out_text(o, "\",\"level\":\"");
	out_text(o, log_level_text(level));
	out_text(o, "\",\"process\":\"");
	out_text(o, config.process);
	out_text(o, "\",\"event\":\"");
	out_text(o, event);
	out_text(o, "\"");
	log_fields_json(o, details, n, strlen("}"));
	out_text(o, "}");
}

/* Makes an event's details, NUL-terminated, in details[0..size). Returns their length. */
__attribute__((format(printf, 3, 0))) static size_t format_details(char *details, size_t size, const char *format,
								   va_list arguments)
{
	int wanted = vsnprintf(details, size, format, arguments);
	size_t length = wanted < 0 ? 0 : (size_t)wanted;
	bool bad;

	if (length >= size) {
		length = utf8_prefix((const uint8_t *)details, size - sizeof("..."), &bad);
		memcpy(details + length, "...", 3);
		length += 3;
	}
	defuse(details, length);
	return length;
}

__attribute__((format(printf, 3, 0))) static void write_line(enum log_level level, const char *event,
							     const char *format, va_list arguments)
{
	char line[LOG_LINE_BYTES];
	char details[LOG_LINE_BYTES - LOG_PREFIX_BYTES];
	struct out o = out_init(line, sizeof(line) - 1);
	size_t n = format_details(details, sizeof(details), format, arguments);

	if (config.format == LOG_FORMAT_JOURNAL &&
	    log_journal_send(priorities[level], config.process, event, details, n))
		return;
	if (config.format == LOG_FORMAT_JSON) {
		out_json(&o, level, event, details, n);
	} else {
		out_prefix(&o, level);
		out_text(&o, event);
		out_text(&o, n > 0 ? " " : "");
		out_bytes(&o, details, n);
	}
	line[o.length++] = '\n';
	if (!try_write(line, o.length))
		lost++;
}

/* --- rates ------------------------------------------------------------------------------------------------------ */

/* Logs past all rates; for what the log says of itself. */
__attribute__((format(printf, 3, 4))) static void write_own(enum log_level level, const char *event, const char *format,
							    ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(level, event, format, arguments);
	va_end(arguments);
}

static void flush_at(uint64_t now_ms)
{
	for (struct log_site **at = &held_back; *at != NULL;) {
		struct log_site *site = *at;

		if (now_ms - site->since_ms < 1000) {
			at = &site->next;
			continue;
		}
		*at = site->next;
		write_own(LOG_LEVEL_WARN, site->event, "... %" PRIu32 " more held back", site->count - LOG_SITE_BURST);
		site->count = 0;
	}
	if (lost > 0) {
		const uint64_t count = lost;

		lost = 0;
		write_own(LOG_LEVEL_WARN, "log", "lines-lost=%" PRIu64, count);
		if (lost > 0) /* that one too */
			lost = count;
	}
}

void log_flush(void)
{
	const int error = errno;

	flush_at(clock_ms());
	errno = error;
}

void log_write(struct log_site *site, enum log_level level, const char *event, const char *format, ...)
{
	const int error = errno;
	const uint64_t now_ms = clock_ms();
	va_list arguments;

	flush_at(now_ms);
	if (site == NULL) {
		va_start(arguments, format);
		write_line(level, event, format, arguments);
		va_end(arguments);
		errno = error;
		return;
	}
	if (now_ms - site->since_ms >= 1000) {
		site->since_ms = now_ms;
		site->count = 0;
	}
	site->count++;
	if (site->count <= LOG_SITE_BURST) {
		va_start(arguments, format);
		write_line(level, event, format, arguments);
		va_end(arguments);
	} else if (site->count == LOG_SITE_BURST + 1) {
		site->event = event;
		site->next = held_back;
		held_back = site;
	}
	errno = error;
}

/* --- names ------------------------------------------------------------------------------------------------------ */

struct log_name log_name(const void *bytes, size_t n)
{
	struct log_name name;
	struct out o = out_init(name.text, sizeof(name.text) - 1);

	if (n == 0 || config.names == LOG_NAMES_NONE) {
		out_text(&o, "-");
	} else if (config.names == LOG_NAMES_HASHED) {
		const uint32_t hash = (uint32_t)siphash(config.key, bytes, n);

		for (int shift = 28; shift >= 0; shift -= 4)
			out_bytes(&o, &"0123456789abcdef"[hash >> shift & 15], 1);
	} else {
		out_text(&o, "\"");
		out_visible(&o, bytes, n);
		out_text(&o, "\"");
	}
	name.text[o.length] = '\0';
	return name;
}
