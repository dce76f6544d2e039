/* title - what ps shows of a zygote or a room. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "title.h"

static char *area;
static size_t area_size;

void title_init(int argc, char *argv[])
{
	area = argv[0];
	area_size = (size_t)(argv[argc - 1] - argv[0]) + strlen(argv[argc - 1]) + 1;
}

void title_set(const char *format, ...)
{
	va_list args;

	memset(area, 0, area_size); /* what is left of a longer one would show behind a shorter one */
	va_start(args, format);
	vsnprintf(area, area_size, format, args);
	va_end(args);
}
