/* watchdog - ends a roomd that spins. */
#include <assert.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "watchdog.h"

static volatile sig_atomic_t *turn_begun;

static void on_cpu_used(int number)
{
	(void)number;
	if (!*turn_begun)
		_exit(WATCHDOG_STATUS);
	*turn_begun = 0;
}

void watchdog_prepare(volatile sig_atomic_t *begun)
{
	struct sigaction action = {.sa_handler = on_cpu_used, .sa_flags = SA_RESTART};
	int error = sigaction(SIGPROF, &action, NULL);

	assert(error == 0);
	turn_begun = begun;
}

void watchdog_start(void)
{
	struct timeval period = {.tv_sec = WATCHDOG_CPU_MS / 1000, .tv_usec = WATCHDOG_CPU_MS % 1000 * 1000L};
	int error = setitimer(ITIMER_PROF, &(struct itimerval){period, period}, NULL);
	assert(error == 0);
}
