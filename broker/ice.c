/* ice - see ice.h. */
#include <string.h>

#include "ice.h"

/* The address at the front of the list, without what separates it from others; "" at the end. */
static const char *first(const char *urls, size_t *ret_length)
{
	urls += strspn(urls, " ,");
	*ret_length = strcspn(urls, " ,");
	return urls;
}

static bool begins(const char *url, const char *scheme)
{
	return strncmp(url, scheme, strlen(scheme)) == 0;
}

static bool is_turn(const char *url)
{
	return begins(url, "turn:") || begins(url, "turns:");
}

/* Nothing that would need escaping in JSON, and a host. */
static bool is_good(const char *url, size_t n)
{
	size_t scheme = strcspn(url, ":") + 1;
	const char *query = memchr(url, '?', n);

	if (!is_turn(url) && !begins(url, "stun:") && !begins(url, "stuns:"))
		return false;
	for (size_t i = scheme; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]?=", url[i]))
			return false;
	if (scheme >= n || url + scheme == query)
		return false;
	return !query || (is_turn(url) && ((n - (size_t)(query - url) == strlen("?transport=udp") &&
					    (begins(query, "?transport=udp") || begins(query, "?transport=tcp")))));
}

bool ice_urls_are_good(const char *urls)
{
	size_t n;

	for (urls = first(urls, &n); n > 0; urls = first(urls + n, &n))
		if (!is_good(urls, n))
			return false;
	return true;
}

bool ice_urls_have_turn(const char *urls)
{
	size_t n;

	for (urls = first(urls, &n); n > 0; urls = first(urls + n, &n))
		if (is_turn(urls))
			return true;
	return false;
}

/* Writes those of one kind as one server. Returns whether there are any. */
static bool write_kind(struct out *o, const char *urls, bool turn, bool comma)
{
	bool any = false;
	size_t n;

	for (urls = first(urls, &n); n > 0; urls = first(urls + n, &n)) {
		if (is_turn(urls) != turn)
			continue;
		out_text(o, any ? "," : comma ? ",{\"urls\":[" : "{\"urls\":[");
		out_json_string(o, urls, n);
		any = true;
	}
	if (any)
		out_text(o, "]");
	return any;
}

void ice_write(struct out *o, const char *urls, const char *user, const char *credential)
{
	out_text(o, "[");
	bool stun = write_kind(o, urls, false, false);
	if (stun)
		out_text(o, "}");
	if (write_kind(o, urls, true, stun)) {
		if (*user) {
			out_text(o, ",\"username\":");
			out_json_string(o, user, strlen(user));
			out_text(o, ",\"credential\":");
			out_json_string(o, credential, strlen(credential));
		}
		out_text(o, "}");
	}
	out_text(o, "]");
}
