/* peer - see peer.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};

/* Reads an address alone. */
static int read_ip(const char *text, size_t n, uint8_t ip[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (n >= sizeof(copy) || n == 0)
		return -EINVAL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (strlen(copy) != n)
		return -EINVAL;
	if (inet_pton(AF_INET6, copy, ip) == 1)
		return 0;
	memcpy(ip, mapped, sizeof(mapped));
	return inet_pton(AF_INET, copy, ip + 12) == 1 ? 0 : -EINVAL;
}

/* Reads all of text[0..n) as a number up to max, without a sign or needless zeroes. */
static int read_number(const char *text, size_t n, unsigned max, unsigned *ret)
{
	unsigned number = 0;

	if (n == 0 || n > 5 || (n > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	*ret = number;
	return number <= max ? 0 : -EINVAL;
}

int peer_read(const char *text, size_t n, struct peer *ret)
{
	struct peer peer = {.port = 0};
	const char *address = text;
	size_t length = n;
	const char *colon = memrchr(text, ':', n);
	unsigned port = 0;

	if (n > 0 && text[0] == '[') {
		const char *end = memchr(text, ']', n);
		if (!end || !memchr(text, ':', (size_t)(end - text)))
			return -EINVAL;
		address = text + 1;
		length = (size_t)(end - address);
		if (end + 1 < text + n && colon != end + 1)
			return -EINVAL;
		colon = end + 1 < text + n ? colon : NULL;
	} else if (colon && memchr(text, ':', n) == colon) {
		length = (size_t)(colon - text);
	} else {
		colon = NULL;
	}
	if (colon && read_number(colon + 1, (size_t)(text + n - colon - 1), 65535, &port) < 0)
		return -EINVAL;
	if (read_ip(address, length, peer.ip) < 0)
		return -EINVAL;
	peer.port = (uint16_t)port;
	*ret = peer;
	return 0;
}

void peer_write(const struct peer *peer, char ret[PEER_TEXT_BYTES])
{
	char host[INET6_ADDRSTRLEN] = "";
	bool four = memcmp(peer->ip, mapped, sizeof(mapped)) == 0;

	if (peer->local) {
		memcpy(ret, "unix", sizeof("unix"));
		return;
	}
	inet_ntop(four ? AF_INET : AF_INET6, four ? peer->ip + 12 : peer->ip, host, sizeof(host));
	if (!peer->port)
		snprintf(ret, PEER_TEXT_BYTES, "%s", host);
	else
		snprintf(ret, PEER_TEXT_BYTES, four ? "%s:%u" : "[%s]:%u", host, peer->port);
}

bool peer_equal(const struct peer *a, const struct peer *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->port == b->port && a->local == b->local;
}

bool peer_is_loopback(const struct peer *peer)
{
	static const uint8_t one[16] = {[15] = 1};

	return !peer->local && (memcmp(peer->ip, one, sizeof(one)) == 0 ||
				(memcmp(peer->ip, mapped, sizeof(mapped)) == 0 && peer->ip[12] == 127));
}

int networks_read(const char *list, struct networks *ret)
{
	*ret = (struct networks){.count = 0};
	for (list += strspn(list, " ,"); *list; list += strspn(list, " ,")) {
		size_t n = strcspn(list, " ,");
		const char *slash = memchr(list, '/', n);
		size_t length = slash ? (size_t)(slash - list) : n;
		unsigned offset = memchr(list, ':', length) ? 0 : 96;
		unsigned bits = 128 - offset;

		if (ret->count == NETWORKS_MAX || read_ip(list, length, ret->at[ret->count].ip) < 0 ||
		    (slash && read_number(slash + 1, n - length - 1, 128 - offset, &bits) < 0))
			return -EINVAL;
		ret->at[ret->count++].bits = (uint8_t)(offset + bits);
		list += n;
	}
	return 0;
}

static bool is_in(const uint8_t ip[16], const uint8_t network[16], unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned rest = bits % 8;

	return memcmp(ip, network, whole) == 0 && (rest == 0 || (ip[whole] ^ network[whole]) >> (8 - rest) == 0);
}

bool networks_have(const struct networks *networks, const struct peer *peer)
{
	for (unsigned i = 0; i < networks->count && !peer->local; i++)
		if (is_in(peer->ip, networks->at[i].ip, networks->at[i].bits))
			return true;
	return false;
}
