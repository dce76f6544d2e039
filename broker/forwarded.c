/* forwarded - see forwarded.h. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "forwarded.h"
#include "head.h"

/* Lines of one header: a proxy adds to the last, or one of its own. */
#define LINES_MAX 16

/* The last so many are kept: a chain of proxies is a few links long. */
#define HOPS_MAX 32

#define MALFORMED "The proxy's header that says whence the request came can't be read.\n"
#define DIFFERENT "Forwarded and X-Forwarded-For name different clients: one of them is made up.\n"

/* What each hop said, in the order in which they stand; a ring. */
struct hops {
	struct span at[HOPS_MAX];
	unsigned count;
};

static void add(struct hops *h, struct span hop)
{
	h->at[h->count++ % HOPS_MAX] = hop;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trim(struct span s)
{
	while (s.length > 0 && is_blank(*s.at)) {
		s.at++;
		s.length--;
	}
	while (s.length > 0 && is_blank(s.at[s.length - 1]))
		s.length--;
	return s;
}

/* `192.0.2.1, 198.51.100.7` */
static void read_list(struct span line, struct hops *h)
{
	const char *end = line.at + line.length;

	for (const char *at = line.at; at <= end;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *stop = comma ? comma : end;
		struct span hop = trim((struct span){at, (size_t)(stop - at)});
		if (hop.length > 0)
			add(h, hop);
		at = stop + 1;
	}
}

/* The length of the token or quoted string at the front of s; 0 if there is none. */
static size_t word_length(struct span s)
{
	size_t at = 0;

	if (s.length == 0 || s.at[0] != '"') {
		while (at < s.length && !strchr(" \t,;=\"", s.at[at]))
			at++;
		return at;
	}
	for (at = 1; at < s.length && s.at[at] != '"'; at++)
		if (s.at[at] == '\\')
			return 0; /* no address needs that */
	return at < s.length ? at + 1 : 0;
}

static struct span skip(struct span s, size_t n)
{
	return (struct span){s.at + n, s.length - n};
}

static struct span skip_blanks(struct span s)
{
	while (s.length > 0 && is_blank(*s.at))
		s = skip(s, 1);
	return s;
}

static struct span unquote(struct span s)
{
	return s.length >= 2 && s.at[0] == '"' ? (struct span){s.at + 1, s.length - 2} : s;
}

/* `for=192.0.2.1;proto=https, for="[2001:db8::1]:80"`. A quote that does not end could hide what a proxy added: the
 * whole must be well-formed. */
static bool read_elements(struct span s, struct hops *h)
{
	struct span hop = {NULL, 0};
	bool any = false;

	for (s = skip_blanks(s); s.length > 0; s = skip_blanks(s)) {
		if (*s.at == ';' || *s.at == ',') {
			if (*s.at == ',' && any)
				add(h, hop);
			if (*s.at == ',') {
				hop = (struct span){NULL, 0};
				any = false;
			}
			s = skip(s, 1);
			continue;
		}
		struct span name = {s.at, word_length(s)};
		s = skip(s, name.length);
		if (name.length == 0 || name.at[0] == '"' || s.length == 0 || *s.at != '=')
			return false;
		s = skip(s, 1);
		struct span value = {s.at, word_length(s)};
		s = skip(s, value.length);
		if (value.length == 0 || (s.length > 0 && !strchr(" \t,;", *s.at)))
			return false;
		if (name.length == 3 && strncasecmp(name.at, "for", 3) == 0) {
			if (hop.at)
				return false;
			hop = unquote(value);
		}
		any = true;
	}
	if (any)
		add(h, hop);
	return true;
}

/* Goes back from *from as long as who says so is trusted. */
static struct peer walk(const struct hops *h, const struct networks *trusted, const struct peer *from)
{
	struct peer peer = *from;
	struct peer before;

	for (unsigned i = 0; i < h->count && i < HOPS_MAX; i++) {
		const struct span *hop = &h->at[(h->count - 1 - i) % HOPS_MAX];
		if (!hop->at || peer_read(hop->at, hop->length, &before) < 0)
			break; /* unknown, hidden, or rubbish */
		peer = before;
		if (!networks_have(trusted, &peer))
			break;
	}
	return peer;
}

/* Reads one of the headers. Returns how many lines of it there are, or -EBADMSG. */
static int read_header(const char *head, size_t n, const char *name, bool elements, struct hops *h)
{
	struct span lines[LINES_MAX];
	int count = head_find(head, n, name, lines, LINES_MAX);

	if (count > LINES_MAX)
		return -EBADMSG;
	for (int i = 0; i < count; i++) {
		if (!elements)
			read_list(lines[i], h);
		else if (!read_elements(lines[i], h))
			return -EBADMSG;
	}
	return count;
}

const char *forwarded_read(const char *head, size_t n, enum proxy_header_setting which, const struct networks *trusted,
			   const struct peer *from, struct peer *ret)
{
	struct hops x = {.count = 0};
	struct hops f = {.count = 0};
	int x_lines = 0;
	int f_lines = 0;

	*ret = *from;
	if (which != SETTING_PROXY_HEADER_FORWARDED)
		x_lines = read_header(head, n, "x-forwarded-for", false, &x);
	if (which != SETTING_PROXY_HEADER_X)
		f_lines = read_header(head, n, "forwarded", true, &f);
	if (x_lines < 0 || f_lines < 0)
		return MALFORMED;
	struct peer by_x = walk(&x, trusted, from);
	struct peer by_f = walk(&f, trusted, from);
	/* A proxy that writes one of them may pass on the other as a client made it up. */
	if (x_lines > 0 && f_lines > 0 && memcmp(by_x.ip, by_f.ip, sizeof(by_x.ip)) != 0)
		return DIFFERENT;
	*ret = x_lines > 0 ? by_x : by_f;
	return NULL;
}
