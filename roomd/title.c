/* title - what ps shows of a zygote or a room. */
#include <string.h>

#include "title.h"

static char *area;
static size_t area_size;

void title_init(int argc, char *argv[])
{
	area = argv[0];
	area_size = (size_t)(argv[argc - 1] - argv[0]) + strlen(argv[argc - 1]) + 1;
}

void title_set(const char *text)
{
	size_t length = strnlen(text, area_size - 1);

	memcpy(area, text, length);
	memset(area + length, 0, area_size - length); /* what is left of a longer one would show */
}
