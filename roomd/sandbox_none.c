/* sandbox_none - no sandbox: for builds with sanitizers and for valgrind, which need more system calls than a room. */
#include "sandbox.h"

uint32_t sandbox_enter_zygote(uint32_t layers, unsigned fds)
{
	(void)layers;
	(void)fds;
	return 0;
}

uint32_t sandbox_enter_roomd(uint32_t layers, uint32_t zygotes, size_t memory_bytes)
{
	(void)layers;
	(void)zygotes;
	(void)memory_bytes;
	return 0;
}
