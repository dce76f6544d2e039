/* subject_zygote - the zygote's sandbox: what all its roomds inherit. */
#include <sys/syscall.h>

#include "sandbox.h"
#include "subject.h"

const enum subject subject = SUBJECT_ZYGOTE;

const long subject_allowed[] = {
#ifdef SYS_epoll_wait
    SYS_epoll_wait,    SYS_poll,
#endif
    SYS_epoll_pwait,   SYS_epoll_ctl,
    SYS_close,         SYS_shutdown,
    SYS_exit_group,    SYS_rt_sigreturn,
    SYS_ppoll,         SYS_lseek,
    SYS_epoll_create1, SYS_timerfd_create,
    SYS_prlimit64,     SYS_restart_syscall,
    SYS_getpid,        -1};

uint32_t subject_enter(uint32_t layers)
{
	return sandbox_enter_zygote(layers, 64);
}
