/* origin - see origin.h. */
#include <string.h>
#include <strings.h>

#include "client_message.h"
#include "origin.h"

/* An origin or a rule, in parts; what is absent has length 0. */
struct place {
	struct span scheme, host, port;
};

static bool is(struct span text, const char *word)
{
	return text.length == strlen(word) && strncasecmp(text.at, word, text.length) == 0;
}

static bool same(struct span a, struct span b)
{
	return a.length == b.length && strncasecmp(a.at, b.at, a.length) == 0;
}

/* Reads [scheme://]host[:port]. */
static bool read_place(const char *text, size_t n, struct place *ret)
{
	const char *slashes = memmem(text, n, "://", 3);
	const char *end = text + n;

	*ret = (struct place){.scheme = {text, 0}};
	if (slashes) {
		ret->scheme.length = (size_t)(slashes - text);
		text = slashes + 3;
		if (ret->scheme.length == 0)
			return false;
	}
	const char *bracket = text < end && *text == '[' ? memchr(text, ']', (size_t)(end - text)) : NULL;
	const char *from = bracket ? bracket : text;
	const char *colon = memchr(from, ':', (size_t)(end - from));
	ret->host = (struct span){text, (size_t)((colon ? colon : end) - text)};
	ret->port = colon ? (struct span){colon + 1, (size_t)(end - colon - 1)} : (struct span){end, 0};
	if (ret->host.length == 0 || (colon && ret->port.length == 0) || ret->port.length > 5)
		return false;
	for (size_t i = 0; i < ret->port.length; i++)
		if (ret->port.at[i] < '0' || ret->port.at[i] > '9')
			return false;
	for (const char *c = text; c < end; c++)
		if (strchr("/?#@ \t\"", *c))
			return false;
	return true;
}

/* The port, where the scheme implies it. */
static struct span port_of(const struct place *place)
{
	if (place->port.length > 0)
		return place->port;
	if (is(place->scheme, "https"))
		return (struct span){"443", 3};
	return (struct span){"80", is(place->scheme, "http") ? 2U : 0U};
}

static bool host_matches(struct span rule, struct span host)
{
	if (rule.length < 2 || memcmp(rule.at, "*.", 2) != 0)
		return same(rule, host);
	/* At least one character, and then the dot and the rest. */
	return host.length > rule.length - 1 &&
	       same((struct span){rule.at + 1, rule.length - 1},
		    (struct span){host.at + host.length - (rule.length - 1), rule.length - 1});
}

static bool matches(const struct place *rule, const struct place *origin)
{
	if (!host_matches(rule->host, origin->host))
		return false;
	if (rule->scheme.length > 0)
		return same(rule->scheme, origin->scheme) && same(port_of(rule), port_of(origin));
	return (is(origin->scheme, "https") || is(origin->scheme, "http")) &&
	       (rule->port.length == 0 || same(rule->port, port_of(origin)));
}

/* Is it a page of the very host and port that the request was made to? A proxy may have taken the port away. */
static bool is_own(const struct place *origin, const char *host)
{
	struct place own;

	if (!read_place(host, strlen(host), &own) || own.scheme.length > 0 || !same(own.host, origin->host))
		return false;
	own.scheme = origin->scheme;
	return same(port_of(&own), port_of(origin));
}

bool origins_are_good(const char *list)
{
	struct place place;

	for (list += strspn(list, " ,"); *list; list += strspn(list, " ,")) {
		size_t n = strcspn(list, " ,");
		if (!read_place(list, n, &place))
			return false;
		const char *star = memchr(place.host.at, '*', place.host.length);
		if (star && (star != place.host.at || place.host.length < 3 || star[1] != '.' ||
			     memchr(star + 1, '*', place.host.length - 1)))
			return false;
		list += n;
	}
	return true;
}

bool origin_may(const char *list, const char *origin, const char *host, bool loopback)
{
	struct place place;
	struct place rule;

	if (!*origin)
		return true;
	/* "null" is what a page without an origin of its own says: one in a sandbox, or a file. */
	bool whole = read_place(origin, strlen(origin), &place) && place.scheme.length > 0;
	for (list += strspn(list, " ,"); *list; list += strspn(list, " ,")) {
		struct span word = {list, strcspn(list, " ,")};
		bool automatic = is(word, "auto");
		if (is(word, "any") || (automatic && loopback))
			return true;
		if (whole && (automatic || is(word, "same")) && is_own(&place, host))
			return true;
		if (whole && read_place(word.at, word.length, &rule) && matches(&rule, &place))
			return true;
		list += word.length;
	}
	return false;
}
