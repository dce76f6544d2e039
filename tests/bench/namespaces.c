/*
 * namespaces - what would empty namespaces of its own cost each room? Forks PROCESSES children that enter them, and
 * measures how long that takes and how much of the system's memory they hold while they live.
 *
 *     build/dev/tests/namespaces [PROCESSES]
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* In KB: what is neither free nor can be made so. */
static long memory_in_use(void)
{
	char line[128];
	long total = 0;
	long available = 0;
	FILE *file = fopen("/proc/meminfo", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "MemTotal:", 9) == 0)
			total = strtol(line + 9, NULL, 10);
		else if (strncmp(line, "MemAvailable:", 13) == 0)
			available = strtol(line + 13, NULL, 10);
	}
	if (file)
		fclose(file);
	return total - available;
}

/* A child: enters, says so, and waits for its end. */
static void live(int flags, int ready)
{
	char byte = flags && unshare(flags) < 0 ? 'n' : 'y';

	if (write(ready, &byte, 1) == 1)
		pause();
	_exit(0);
}

static void measure(const char *what, int flags, int processes)
{
	pid_t *pids = calloc((size_t)processes, sizeof(*pids));
	int ready[2];
	char byte = 'n';

	if (!pids || pipe(ready) < 0)
		exit(1);
	long before_kb = memory_in_use();
	uint64_t began_us = now_us();
	for (int i = 0; i < processes; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			live(flags, ready[1]);
		if (pids[i] < 0 || read(ready[0], &byte, 1) != 1)
			exit(1);
	}
	uint64_t took_us = now_us() - began_us;
	long held_kb = memory_in_use() - before_kb;
	if (byte == 'y')
		printf("%-28s %8.0f us, %6.1f KB a process\n", what, (double)took_us / processes,
		       (double)held_kb / processes);
	else
		printf("%-28s not to be had here\n", what);
	fflush(stdout);
	for (int i = 0; i < processes; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	close(ready[0]);
	close(ready[1]);
	free(pids);
	sleep(1); /* the kernel takes them down by and by */
}

int main(int argc, char *argv[])
{
	int processes = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 300;

	if (processes < 1)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	measure("none", 0, processes);
	measure("user", CLONE_NEWUSER, processes);
	measure("user, ipc, uts, cgroup", CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP, processes);
	measure("user, mount", CLONE_NEWUSER | CLONE_NEWNS, processes);
	measure("user, pid", CLONE_NEWUSER | CLONE_NEWPID, processes);
	measure("user, net", CLONE_NEWUSER | CLONE_NEWNET, processes);
	return 0;
}
