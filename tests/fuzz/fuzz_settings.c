/*
 * fuzz_settings - a config file: whatever is in it, there is one line of complaint, or settings that survive being
 * written and read again.
 */
#include "settings.h"

#include <errno.h>

#include "fuzz.h"
#include "setting_table.h"
#include "utf8.h"

/* One line that a terminal can show. */
static void check_problem(const struct settings_problem *problem)
{
	size_t n = strnlen(problem->text, sizeof(problem->text));

	CHECK(n > 0 && n < sizeof(problem->text));
	for (size_t at = 0; at < n;) {
		uint32_t code;
		size_t length = utf8_read((const uint8_t *)problem->text + at, n - at, &code);
		CHECK(length > 0 && utf8_showable(code));
		at += length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings settings, again;
	static struct settings_origin origins[SETTING_COUNT];
	static char rendered[SETTINGS_RENDERED_BYTES];
	struct settings_problem problem = {""};
	char *text = fuzz_copy(data, size);

	settings_defaults(&settings);
	if (settings_text_read("fuzz.conf", text, size, &settings, origins, &problem) < 0)
		check_problem(&problem);
	if (settings_parse(text, size, &settings, &problem) < 0) {
		check_problem(&problem);
	} else {
		struct out o = out_init(rendered, sizeof(rendered));
		settings_render(&o, &settings);
		CHECK(!o.truncated);
		CHECK(settings_parse(o.at, o.length, &again, &problem) == 0);
		CHECK(memcmp(&settings, &again, sizeof(settings)) == 0);
	}
	free(text);
	return 0;
}
