/*
 * log - one line an event, on stderr.
 * Process: all. roomd normally logs nothing; where it does, log needs no system call but write(2) on descriptor 2, and
 *          the clock.
 * Owns:    the process's log configuration, set once by log_init(): with the level, the only global there is.
 * Never:   allocates; opens anything but, in log_init(), the journal's socket; repeats itself without end (each call
 * site has a rate limit); writes a room id or a label but by log_name(); fails. A line that can't be written is lost.
 *
 *     2026-11-23T10:00:00.123Z info  broker: joined room=ab12cd34 client=5f0c members=2
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"

#define LOG_KEY_BYTES 16

/* A line, with its newline; what is longer is cut, with an ellipsis. Under PIPE_BUF: lines of several processes on one
 * pipe do not mix. */
#define LOG_LINE_BYTES 1024

/* Events of one call site in one second, from which on they are only counted. */
#define LOG_SITE_BURST 10

/* A name as log_name() writes it, with its NUL: plain needs the quotes and up to four for each byte. */
#define LOG_NAME_BYTES (4 * LIMIT_NAME_BYTES + 3)

/* The order is that of the setting log_level. (Not LOG_INFO: syslog.h has that.) */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };

/* The order is that of the setting log_names. */
enum log_names { LOG_NAMES_PLAIN, LOG_NAMES_HASHED, LOG_NAMES_NONE };

/* The first are in the order of the setting log_format. */
enum log_format {
	LOG_FORMAT_AUTO,    /* JOURNAL if JOURNAL_STREAM names what stderr is, else TEXT */
	LOG_FORMAT_TEXT,    /* time, level, process, event */
	LOG_FORMAT_JSON,    /* an object a line */
	LOG_FORMAT_JOURNAL, /* natively (log_journal.h), or else as sd-daemon(3): "<6>broker: joined ..."; the journal
			       has the time */
};

struct log_config {
	const char *process; /* "broker"; static: it is kept */
	enum log_level level;
	enum log_names names;
	enum log_format format;
	bool native;                /* in LOG_FORMAT_JOURNAL, speak to the journal itself if it is there */
	bool patient;               /* write without asking poll(2) first: a sandbox has write alone. A stuck reader of
				     * stderr then holds this process up; else lines are lost, and counted */
	uint8_t key[LOG_KEY_BYTES]; /* of the hashes: random, the same in all processes of one start */
};

/* Sets how this process logs. Until then it logs at LOG_LEVEL_INFO, as text, hashed with a key of zeroes. */
void log_init(const struct log_config *config);

/* What log_init() chose for LOG_FORMAT_AUTO, to be handed to processes that have no environment. */
enum log_format log_format_in_force(void);

/* Changes the level, as a reload or an operator's command does. */
void log_set_level(enum log_level level);

/* Is anything of this level logged? For the rare case that an argument is dear to make. */
bool log_on(enum log_level level);

/* A call site's rate limit. */
struct log_site {
	uint64_t since_ms;     /* the second it counts in began then; monotonic */
	uint32_t count;        /* in this second */
	const char *event;     /* of the lines held back */
	struct log_site *next; /* of the sites that hold lines back */
};

/* Logs one event: a short fixed name ("joined", "cannot-listen"), then `key=value`s by a printf format ("" for none).
 * Never give it data, a token, SDP, or a name that has not gone through log_name(). Past LOG_SITE_BURST in a second, a
 * call site's lines are only counted; the next line of any call site in another second, or log_flush(), is preceded by
 * "... 123 more held back". errno stays as it was. */
#define log_event(level, event, ...)                                                                                   \
	do {                                                                                                           \
		static struct log_site log_site_;                                                                      \
		if (log_on(level))                                                                                     \
			log_write(&log_site_, level, event, __VA_ARGS__);                                              \
	} while (0)

#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) log_event(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_trace(event, ...) log_event(LOG_LEVEL_TRACE, event, __VA_ARGS__)

/* Logs what must be in the log whatever the level and however often: what operators do. */
#define log_always(event, ...) log_write(NULL, LOG_LEVEL_INFO, event, __VA_ARGS__)

/* What log_event() calls. A site of NULL has no rate limit. */
void log_write(struct log_site *site, enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Says how many lines each call site held back, where its second is over. For a timer, and before the end. */
void log_flush(void);

/* A room id or a label as the operator chose to see them: quoted, and escaped for a terminal; 8 hex digits of a keyed
 * hash; or "-", which is also what an absent one is.
 *     log_info("joined", "room=%s", log_name(room->bytes, room->length).text); */
struct log_name {
	char text[LOG_NAME_BYTES];
};
struct log_name log_name(const void *bytes, size_t n);

/* "error" ... "trace". */
const char *log_level_text(enum log_level level);

#endif
