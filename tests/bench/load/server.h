/*
 * server - the server under test: started as a child, known by the address it prints, watched through /proc with all
 * of its descendants, and stopped.
 * Owns: the child and the pipe of its standard output.
 * Never: looks into the server; signals a process that is not its child.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdint.h>
#include <sys/types.h>

struct server {
	pid_t pid;
	int output; /* its standard output, drained by server_drain() */
	uint16_t port;
	uint64_t began_ns; /* when it was forked */
	uint64_t ready_ns; /* when its address was read */
};

/* What the server's processes have used and hold. */
struct usage {
	uint64_t cpu_ns; /* of all processes, those that ended and were reaped included */
	unsigned processes;
};

struct memory {
	uint64_t pss_kb; /* of all processes of the server */
	unsigned processes;
	/* of the whole system */
	uint64_t available_kb;
	uint64_t slab_kb;
	uint64_t page_tables_kb;
	uint64_t kernel_stack_kb;
	uint64_t per_cpu_kb;
};

/* Starts argv, on this CPU alone unless it is -1, and waits until it has printed "http://...:PORT"; 0 or -errno. */
int server_start(struct server *s, char *const argv[], int cpu, uint64_t patience_ns);

/* Takes and drops what the server printed since. */
void server_drain(struct server *s);

/* SIGTERM, and SIGKILL after patience_ns. Returns its wait status, or -errno. */
int server_stop(struct server *s, uint64_t patience_ns);

int server_usage(const struct server *s, struct usage *ret);
int server_memory(const struct server *s, struct memory *ret);

/* Binds this process to a CPU, if it exists. */
void cpu_bind(int cpu);

uint64_t now_ns(void);
void sleep_ns(uint64_t ns);

#endif
