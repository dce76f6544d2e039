/*
 * fuzz_ws - a stream of frames: the same events however it is cut into reads, and each as RFC 6455 allows it.
 * Input: the message limit's choice, the size of a read, the stream.
 */
#include "ws_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t limits[] = {2048, 0, 1, 125, 126, 65535, 65536, 100000};
	struct record whole = {0}, pieces = {0}, bytes = {0};

	if (size < 2)
		return 0;
	uint32_t message_max = limits[data[0] % 8];
	size_t piece = (size_t)data[1] + 1;
	data += 2;
	size -= 2;
	ws_reader_read(&whole, data, size, LIMIT_READ_BYTES, message_max);
	ws_reader_read(&pieces, data, size, piece, message_max);
	CHECK(whole.n == pieces.n && (whole.n == 0 || memcmp(whole.bytes, pieces.bytes, whole.n) == 0));
	if (size <= 1000) {
		ws_reader_read(&bytes, data, size, 1, message_max);
		CHECK(whole.n == bytes.n && (whole.n == 0 || memcmp(whole.bytes, bytes.bytes, whole.n) == 0));
	}
	free(whole.bytes);
	free(pieces.bytes);
	free(bytes.bytes);
	return 0;
}
