/* memory_file - a file in memory that nobody can resize (memfd_create(2), fcntl(2): file sealing). */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory_file.h"

int memory_file(const char *name, const void *content, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0 || (content && pwrite(fd, content, size, 0) != (ssize_t)size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | (content ? F_SEAL_WRITE : 0)) < 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	return fd;
}
