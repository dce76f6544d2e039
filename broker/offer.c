/* offer - see offer.h. */
#include <string.h>

#include "head.h"
#include "offer.h"

#define LINES_MAX 8
#define TOKEN_PREFIX "token."

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

static const char *take(struct span word, struct offer *ret)
{
	const size_t prefix = strlen(TOKEN_PREFIX);

	for (size_t i = 0; i < word.length; i++)
		if (!is_token_char(word.at[i]))
			return "Sec-WebSocket-Protocol can't be read.\n";
	if (word.length > prefix && memcmp(word.at, TOKEN_PREFIX, prefix) == 0) {
		if (ret->token.at)
			return "Sec-WebSocket-Protocol has two tokens in it.\n";
		ret->token = (struct span){word.at + prefix, word.length - prefix};
	} else if (ret->protocol.length == 0) {
		if (word.length >= OFFER_PROTOCOL_BYTES)
			return "The first sub-protocol is longer than 127 bytes.\n";
		ret->protocol = word;
	}
	return NULL;
}

const char *offer_read(const char *head, size_t n, struct offer *ret)
{
	struct span lines[LINES_MAX];
	int count = head_find(head, n, "sec-websocket-protocol", lines, LINES_MAX);
	const char *problem = NULL;

	*ret = (struct offer){.protocol = {NULL, 0}};
	if (count < 0 || count > LINES_MAX)
		return "Sec-WebSocket-Protocol can't be read.\n";
	for (int i = 0; i < count && !problem; i++) {
		const char *end = lines[i].at + lines[i].length;
		for (const char *at = lines[i].at; at < end && !problem;) {
			const char *word = at;
			while (at < end && !is_separator(*at))
				at++;
			if (at > word)
				problem = take((struct span){word, (size_t)(at - word)}, ret);
			else
				at++;
		}
	}
	return problem;
}
