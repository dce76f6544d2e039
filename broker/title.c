/* title - what ps shows of a process. */
#include <string.h>

#include <bsd/unistd.h>

#include "title.h"

static char *area; /* where the arguments were ... */
static char *area_end;

void title_init(int argc, char *argv[], char *envp[])
{
	area = argv[0];
	area_end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
	setproctitle_init(argc, argv, envp);
}

void title_set(const char *text)
{
	setproctitle("-%s", text);
	/* libbsd leaves a mark behind a short title that newer kernels show; wipe what is left of the arguments, too.
	 */
	if (area + strlen(text) < area_end)
		memset(area + strlen(text), 0, (size_t)(area_end - area) - strlen(text));
}
