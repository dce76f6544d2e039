/* proxy_header - see proxy_header.h. */
#include <errno.h>
#include <string.h>

#include "proxy_header.h"

#define V1_BYTES_MAX 107
#define V1_WORDS 6 /* PROXY TCP4 <source> <destination> <port> <port> */
#define V2_HEAD_BYTES 16

static const uint8_t v2_signature[12] = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};

/* --- version 1: a line of text --- */

struct word {
	const char *at;
	size_t length;
};

static bool is(struct word word, const char *text)
{
	return word.length == strlen(text) && memcmp(word.at, text, word.length) == 0;
}

static bool read_port(struct word word, uint16_t *ret)
{
	unsigned port = 0;

	if (word.length == 0 || word.length > 5 || (word.length > 1 && word.at[0] == '0'))
		return false;
	for (size_t i = 0; i < word.length; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
		port = port * 10 + (unsigned)(word.at[i] - '0');
	}
	*ret = (uint16_t)port;
	return port <= UINT16_MAX;
}

/* An address of this kind, without brackets or a port. */
static bool read_address(struct word word, bool six, struct peer *ret)
{
	return word.length > 0 && word.at[0] != '[' && (memchr(word.at, ':', word.length) != NULL) == six &&
	       peer_read(word.at, word.length, ret) == 0 && ret->port == 0;
}

static int read_v1(const char *line, size_t n, struct peer *ret)
{
	struct word words[V1_WORDS];
	const char *end = line + n;
	unsigned count = 0;
	struct peer source;
	struct peer destination;
	uint16_t port;

	for (const char *at = line; at <= end && count < V1_WORDS;) {
		const char *space = memchr(at, ' ', (size_t)(end - at));
		const char *stop = space ? space : end;
		words[count++] = (struct word){at, (size_t)(stop - at)};
		at = stop + 1;
		if (count == V1_WORDS && stop != end)
			return -EBADMSG;
	}
	if (count >= 2 && is(words[1], "UNKNOWN"))
		return 0; /* the rest is to be ignored */
	if (count != V1_WORDS || (!is(words[1], "TCP4") && !is(words[1], "TCP6")))
		return -EBADMSG;
	bool six = is(words[1], "TCP6");
	if (!read_address(words[2], six, &source) || !read_address(words[3], six, &destination) ||
	    !read_port(words[4], &source.port) || !read_port(words[5], &port))
		return -EBADMSG;
	*ret = source;
	return 0;
}

/* --- version 2: binary --- */

static int read_v2(const uint8_t *bytes, size_t n, struct peer *ret)
{
	size_t length = n >= V2_HEAD_BYTES ? (size_t)bytes[14] << 8 | bytes[15] : 0;
	struct peer peer = {.ip = {[10] = 0xFF, [11] = 0xFF}};

	if ((n > 12 && bytes[12] != 0x20 && bytes[12] != 0x21) || V2_HEAD_BYTES + length > PROXY_HEADER_BYTES_MAX)
		return -EBADMSG;
	if (n < V2_HEAD_BYTES || n < V2_HEAD_BYTES + length)
		return 0;
	const uint8_t *at = bytes + V2_HEAD_BYTES;
	if (bytes[12] == 0x20 || bytes[13] == 0x00) {   /* LOCAL, or UNSPEC */
	} else if (bytes[13] == 0x11 && length >= 12) { /* TCP over IPv4 */
		memcpy(peer.ip + 12, at, 4);
		peer.port = (uint16_t)(at[8] << 8 | at[9]);
		*ret = peer;
	} else if (bytes[13] == 0x21 && length >= 36) { /* TCP over IPv6 */
		memcpy(peer.ip, at, 16);
		peer.port = (uint16_t)(at[32] << 8 | at[33]);
		*ret = peer;
	} else if (bytes[13] != 0x31 || length < 216) { /* a stream of Unix sockets: the proxy's own machine */
		return -EBADMSG;
	}
	return (int)(V2_HEAD_BYTES + length);
}

int proxy_header_read(const uint8_t *bytes, size_t n, struct peer *ret)
{
	static const char v1[] = "PROXY ";
	size_t v1_length = sizeof(v1) - 1;
	size_t v2_length = sizeof(v2_signature);

	if (memcmp(bytes, v2_signature, n < v2_length ? n : v2_length) == 0)
		return read_v2(bytes, n, ret);
	if (memcmp(bytes, v1, n < v1_length ? n : v1_length) != 0)
		return -EBADMSG;
	const uint8_t *end = memmem(bytes, n < V1_BYTES_MAX ? n : V1_BYTES_MAX, "\r\n", 2);
	if (!end)
		return n < V1_BYTES_MAX ? 0 : -EBADMSG;
	int error = read_v1((const char *)bytes, (size_t)(end - bytes), ret);
	return error < 0 ? error : (int)(end - bytes) + 2;
}
