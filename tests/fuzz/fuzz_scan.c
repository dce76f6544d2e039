/*
 * fuzz_scan - what goes over many bytes at once, against what looks at one after the other: unmasking, the look for
 * what is special in JSON, the candidates of a signal, and a string that is written.
 *
 * Input: a mask, then the bytes.
 */
#include "candidate.h"
#include "fuzz.h"
#include "out.h"
#include "special.h"
#include "ws.h"

static void check_unmask(const uint8_t *data, size_t size, const uint8_t mask[4])
{
	uint8_t *bytes = fuzz_copy(data, size);
	bool ascii = true;

	for (size_t i = 0; i < size; i++)
		ascii = ascii && ((data[i] ^ mask[i % 4]) & 0x80) == 0;
	CHECK(ws_unmask(bytes, size, mask) == ascii);
	for (size_t i = 0; i < size; i++)
		CHECK(bytes[i] == (data[i] ^ mask[i % 4]));
	free(bytes);
}

static void check_special(const uint8_t *data, size_t size)
{
	for (size_t from = 0; size - from >= SPECIAL_BYTES; from++) {
		uint64_t bits = special_find((const char *)data + from);
		for (size_t i = 0; i < SPECIAL_BYTES; i++) {
			uint8_t byte = data[from + i];
			CHECK((bits >> i & 1) == (byte < 32 || byte == '"' || byte == '\\'));
		}
	}
}

static void check_candidates(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct candidate_counts naive = {0};

	for (size_t i = 0; i + 5 < size; i++)
		for (int type = 0; type < CANDIDATE_TYPES_COUNT; type++) {
			const char *name = candidate_type_text((enum candidate_type)type);
			size_t length = strlen(name);
			naive.of[type] += memcmp(text + i, " typ ", 5) == 0 && size - i - 5 >= length &&
					  memcmp(text + i + 5, name, length) == 0;
		}
	struct candidate_counts counts = candidate_count(text, size);
	CHECK(memcmp(&naive, &counts, sizeof counts) == 0);
}

/* With one byte in a string at a time, nothing is fast. */
static void check_string(const uint8_t *data, size_t size)
{
	char *at_once = malloc(6 * size + 2);
	char *one_by_one = malloc(8 * size + 2);

	CHECK(at_once != NULL && one_by_one != NULL);
	struct out fast = out_init(at_once, 6 * size + 2);
	struct out slow = out_init(one_by_one, 8 * size + 2);
	out_json_string(&fast, data, size);
	out_text(&slow, "\"");
	for (size_t i = 0; i < size; i++) {
		struct out of_one = out_init(one_by_one + slow.length, 8);
		size_t separator = size - i >= 3 && data[i] == 0xE2 && data[i + 1] == 0x80 && data[i + 2] >> 1 == 0x54;
		out_json_string(&of_one, data + i, 1 + 2 * separator);
		memmove(of_one.at, of_one.at + 1, of_one.length - 2);
		slow.length += of_one.length - 2;
		i += 2 * separator;
	}
	slow.at[slow.length++] = '"';
	CHECK(!fast.truncated && fast.length == slow.length && memcmp(fast.at, slow.at, fast.length) == 0);
	free(at_once);
	free(one_by_one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t mask[4];

	if (size < sizeof mask)
		return 0;
	memcpy(mask, data, sizeof mask);
	size -= sizeof mask;
	uint8_t *text = fuzz_copy(data + sizeof mask, size);
	check_unmask(text, size, mask);
	check_special(text, size);
	check_candidates(text, size);
	check_string(text, size);
	free(text);
	return 0;
}
