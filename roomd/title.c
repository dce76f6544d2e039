/* title - what ps shows of a zygote or a room. */
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "title.h"

/* Of the program, where the linker put them: end(3). */
extern char etext[], edata[];

static char *area;
static size_t area_size;

void title_init(int argc, char *argv[])
{
	area = argv[0];
	area_size = (size_t)(argv[argc - 1] - argv[0]) + strlen(argv[argc - 1]) + 1;
}

bool title_move(char *place, size_t size)
{
	/* All of these are replaced at once. But for the arguments and the heap, they are only shown. */
	struct prctl_mm_map map = {
	    .start_code = getauxval(AT_PHDR),
	    .end_code = (uintptr_t)etext,
	    .start_data = (uintptr_t)etext,
	    .end_data = (uintptr_t)edata,
	    .start_brk = (uintptr_t)sbrk(0),
	    .brk = (uintptr_t)sbrk(0),
	    .start_stack = (uintptr_t)area,
	    .arg_start = (uintptr_t)place,
	    .arg_end = (uintptr_t)place + size,
	    .env_start = (uintptr_t)place + size,
	    .env_end = (uintptr_t)place + size,
	    .exe_fd = (uint32_t)-1,
	};

	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		return false;
	area = place;
	area_size = size;
	return true;
}

void title_set(const char *text)
{
	for (size_t i = 0; i < area_size; i++) /* what is left of a longer one would show */
		area[i] = *text && i + 1 < area_size ? *text++ : '\0';
}
