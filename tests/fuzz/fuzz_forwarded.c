/*
 * fuzz_forwarded - what is read from a request's head beside what libwebsockets reads: forwarded.c, offer.c, origin.c.
 */
#include "forwarded.h"
#include "head.h"
#include "offer.h"
#include "origin.h"

#include "fuzz.h"

static void check_forwarded(const char *head, size_t n)
{
	const struct peer proxy = {.ip = {[10] = 0xFF, 0xFF, 127, 0, 0, 1}, .port = 7};
	struct networks trusted;
	struct peer peer;
	char where[PEER_TEXT_BYTES];

	CHECK(networks_read("127.0.0.0/8, 2001:db8::/32", &trusted) == 0);
	for (int which = 0; which < 3; which++) {
		if (forwarded_read(head, n, (enum proxy_header_setting)which, &trusted, &proxy, &peer))
			continue;
		peer_write(&peer, where);
		CHECK(!peer.local && strlen(where) > 0);
	}
}

static void check_offer(const char *head, size_t n)
{
	struct offer offer;

	if (offer_read(head, n, &offer))
		return;
	CHECK(offer.protocol.length < OFFER_PROTOCOL_BYTES);
	for (size_t i = 0; i < offer.protocol.length; i++)
		CHECK(offer.protocol.at[i] > ' ' && offer.protocol.at[i] < 0x7F && offer.protocol.at[i] != ',');
	CHECK(offer.protocol.length < 7 || memcmp(offer.protocol.at, "token.", 6) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *head = fuzz_copy(data, size);
	struct span span = {head, size};
	char origin[300];
	char list[300];

	check_forwarded(head, size);
	check_offer(head, size);
	if (head_one(&span, "origin", origin, sizeof(origin)) && strlen(origin) < sizeof(origin)) {
		CHECK(!origin_may("", origin, "a", true) || !*origin);
		origin_may("https://a.example, *.example.org, same", origin, "b.example:8080", false);
	}
	size_t n = size < sizeof(list) - 1 ? size : sizeof(list) - 1;
	memcpy(list, head, n);
	list[n] = '\0';
	if (origins_are_good(list))
		origin_may(list, "https://a.example", list, false);
	free(head);
	return 0;
}
