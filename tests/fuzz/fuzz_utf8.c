/*
 * fuzz_utf8 - utf8.c against a naive decoder; names by what their characters are.
 */
#include "utf8.h"

#include "../naive_utf8.h"
#include "fuzz.h"
#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *text = fuzz_copy(data, size);
	bool bad, naive_bad;
	size_t prefix = utf8_prefix(text, size, &bad);

	CHECK(prefix == naive_prefix(text, size, &naive_bad));
	CHECK(bad == naive_bad);
	CHECK(utf8_valid(text, size) == (prefix == size));

	bool all_showable = true;
	for (size_t at = 0; at < size;) {
		uint32_t code;
		uint8_t back[4];
		size_t length = utf8_read(text + at, size - at, &code);

		CHECK(length == naive_character(text + at, size - at));
		if (length == 0)
			break;
		CHECK(utf8_write(back, code) == length && memcmp(back, text + at, length) == 0);
		all_showable = all_showable && utf8_showable(code);
		at += length;
	}
	if (utf8_name_problem(text, size) == NULL)
		CHECK(size > 0 && size <= LIMIT_NAME_BYTES && prefix == size && all_showable);
	free(text);
	return 0;
}
