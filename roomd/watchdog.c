/* watchdog - ends a roomd that spins. */
#include <assert.h>
#include <sys/resource.h>
#include <unistd.h>

#include "watchdog.h"

static volatile sig_atomic_t *turn;

static void on_cpu_used(int number)
{
	(void)number;
	if (*turn == WATCHDOG_LATE)
		_exit(WATCHDOG_STATUS);
	if (*turn == WATCHDOG_TURN)
		*turn = WATCHDOG_LATE;
}

void watchdog_prepare(volatile sig_atomic_t *mark)
{
	struct sigaction action = {.sa_handler = on_cpu_used, .sa_flags = SA_RESTART};
	struct rlimit seconds;

	turn = mark;
	int error = sigaction(SIGXCPU, &action, NULL);
	assert(error == 0);
	error = getrlimit(RLIMIT_CPU, &seconds);
	assert(error == 0);
	seconds.rlim_cur = seconds.rlim_max < 1 ? seconds.rlim_max : 1;
	error = setrlimit(RLIMIT_CPU, &seconds);
	assert(error == 0);
}
