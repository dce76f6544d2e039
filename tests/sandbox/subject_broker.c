/* subject_broker - the broker's sandbox. */
#include <sys/syscall.h>

#include "sandbox.h"
#include "subject.h"

const enum subject subject = SUBJECT_BROKER;

const long subject_allowed[] = {
#ifdef SYS_epoll_wait
    SYS_epoll_wait,  SYS_poll,
#endif
    SYS_epoll_pwait, SYS_epoll_ctl,   SYS_accept4, SYS_recvmsg,   SYS_close,      SYS_shutdown,      SYS_write,
    SYS_ppoll,       SYS_read,        SYS_getpid,  SYS_getrandom, SYS_brk,        SYS_mmap,          SYS_munmap,
    SYS_mremap,      SYS_getpeername, SYS_lseek,   SYS_recvfrom,  SYS_exit_group, SYS_clock_gettime, -1};

uint32_t subject_enter(uint32_t layers)
{
	return sandbox_enter(layers);
}
