/* subject_roomd - roomd's sandbox: what its zygote has entered, and the rest. */
#include <sys/syscall.h>

#include "sandbox.h"
#include "subject.h"

const enum subject subject = SUBJECT_ROOMD;

const long subject_allowed[] = {
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
    SYS_epoll_pwait, SYS_epoll_ctl, SYS_close, SYS_shutdown, SYS_exit_group, SYS_rt_sigreturn, -1};

uint32_t subject_enter(uint32_t layers)
{
	return sandbox_enter_roomd(layers, sandbox_enter_zygote(layers, 64), 1024 * 1024);
}
