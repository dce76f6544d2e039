/* sandbox_none - no sandbox: for builds with sanitizers and for valgrind, which need more system calls than a broker.
 */
#include "sandbox.h"

uint32_t sandbox_enter(uint32_t layers)
{
	(void)layers;
	return 0;
}
