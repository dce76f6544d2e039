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
	for (size_t i = 0; i < area_size; i++) /* what is left of a longer one would show */
		area[i] = *text && i + 1 < area_size ? *text++ : '\0';
}
