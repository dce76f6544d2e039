/* subject_roomd - roomd's sandbox. */
#include <sys/syscall.h>

#include "sandbox.h"
#include "subject.h"

const long subject_allowed[] = {
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
    SYS_epoll_pwait, SYS_epoll_ctl, SYS_close, SYS_shutdown, SYS_exit_group, SYS_rt_sigreturn, -1};

uint32_t subject_enter(uint32_t layers)
{
	return sandbox_enter(layers, &(struct sandbox_bounds){.fds = 64, .memory_bytes = 1024 * 1024});
}
