/* keeper_program - a roomd program. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "keeper_program.h"

struct keeper_program *keeper_program_new(int fd)
{
	struct keeper_program *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct keeper_program){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .users = 1};
	if (p->fd >= 0)
		return p;
	free(p);
	return NULL;
}

void keeper_program_put(struct keeper_program *p)
{
	if (--p->users > 0)
		return;
	close(p->fd);
	free(p);
}
