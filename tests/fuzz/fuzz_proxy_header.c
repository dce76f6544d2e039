/*
 * fuzz_proxy_header - proxy_header.c: it never reads past what has come, and what it finds in a beginning, it finds
 * with more behind it.
 */
#include <errno.h>

#include "peer.h"
#include "proxy_header.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = fuzz_copy(data, size);
	struct peer peer = {.port = 1};
	char where[PEER_TEXT_BYTES];
	int length = proxy_header_read(bytes, size, &peer);

	CHECK(length == 0 || length == -EBADMSG || (length > 0 && (size_t)length <= size));
	CHECK(length <= PROXY_HEADER_BYTES_MAX && !peer.local);
	peer_write(&peer, where);
	CHECK(strlen(where) > 0);
	/* Byte by byte it is the same: more is asked for until it is whole, or known to be none. */
	for (size_t n = 0; n < size && n < 300; n++) {
		struct peer again = {.port = 1};
		int early = proxy_header_read(bytes, n, &again);
		CHECK(early == 0 || early == length || (early == -EBADMSG && length == -EBADMSG));
	}
	free(bytes);
	return 0;
}
