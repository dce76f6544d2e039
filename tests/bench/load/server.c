#include "server.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 65536

uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / 1000000000U), .tv_nsec = (long)(ns % 1000000000U)};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

void cpu_bind(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
}

/* Reads a small file of /proc whole. */
static ssize_t slurp(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t length = 0;
	ssize_t n;
	while (length < size - 1 && (n = read(fd, out + length, size - 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	out[length] = '\0';
	return (ssize_t)length;
}

/* "...http://localhost:3000/..." in one line; 0: not there yet. */
static uint16_t port_in(const char *text)
{
	const char *url = strstr(text, "http://");
	if (url == NULL || strchr(url, '\n') == NULL)
		return 0;
	url += strlen("http://");
	if (*url == '[')
		url += strcspn(url, "]\n");
	url += strcspn(url, ":/\n");
	return *url == ':' ? (uint16_t)strtoul(url + 1, NULL, 10) : 0;
}

static void child_exec(int output, char *const argv[], int cpu, pid_t parent)
{
	if (cpu >= 0)
		cpu_bind(cpu);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	dup2(output, STDOUT_FILENO);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	fprintf(stderr, "bench_load: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int server_start(struct server *s, char *const argv[], int cpu, uint64_t patience_ns)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid_t parent = getpid();
	s->began_ns = now_ns();
	s->pid = fork();
	if (s->pid == 0)
		child_exec(ends[1], argv, cpu, parent);
	close(ends[1]);
	s->output = ends[0];
	s->port = 0;
	if (s->pid < 0) {
		close(ends[0]);
		return -EAGAIN;
	}

	char text[8192];
	size_t length = 0;
	while (s->port == 0) {
		uint64_t gone = now_ns() - s->began_ns;
		struct pollfd ready = {.fd = s->output, .events = POLLIN};
		if (gone >= patience_ns || length == sizeof text - 1 ||
		    poll(&ready, 1, (int)((patience_ns - gone) / 1000000U) + 1) <= 0)
			goto fail;
		ssize_t n = read(s->output, text + length, sizeof text - 1 - length);
		if (n <= 0)
			goto fail;
		length += (size_t)n;
		text[length] = '\0';
		s->port = port_in(text);
	}
	s->ready_ns = now_ns();
	fcntl(s->output, F_SETFL, O_NONBLOCK);
	return 0;
fail:
	server_stop(s, 1000000000U);
	return -ETIMEDOUT;
}

void server_drain(struct server *s)
{
	char text[4096];
	while (s->output >= 0 && read(s->output, text, sizeof text) > 0)
		;
}

/* We are a subreaper: what the server leaves behind comes to us, and its CPU time is counted as ours. */
static void orphans_reap(uint64_t patience_ns)
{
	uint64_t began = now_ns();
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		if (now_ns() - began > patience_ns) {
			fprintf(stderr, "bench_load: processes of the server outlive it\n");
			return;
		}
		if (pid == 0)
			sleep_ns(1000000U);
	}
}

int server_stop(struct server *s, uint64_t patience_ns)
{
	if (s->pid <= 0)
		return 0;
	int status = 0;
	uint64_t began = now_ns();
	kill(s->pid, SIGTERM);
	while (waitpid(s->pid, &status, WNOHANG) == 0) {
		server_drain(s);
		if (now_ns() - began > patience_ns) {
			fprintf(stderr, "bench_load: the server did not end when told to; killed\n");
			kill(s->pid, SIGKILL);
			waitpid(s->pid, &status, 0);
			break;
		}
		sleep_ns(1000000U);
	}
	close(s->output);
	s->output = -1;
	s->pid = 0;
	orphans_reap(patience_ns);
	return status;
}

/* The server's processes, found by their parents in one pass over /proc. */
struct process {
	pid_t pid;
	pid_t parent;
	uint64_t reaped_ticks; /* user and system time of its reaped children */
	bool ours;
};

static struct process *table;
static size_t table_length;

static int by_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct process *table_find(pid_t pid)
{
	struct process key = {.pid = pid};
	return bsearch(&key, table, table_length, sizeof *table, by_pid);
}

/* "1234 (name) S 1 ..." : fields 4 (parent), 16 and 17 (reaped children's times). */
static bool stat_read(pid_t pid, struct process *p)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (slurp(path, text, sizeof text) <= 0)
		return false;
	const char *after = strrchr(text, ')');
	int parent;
	unsigned long user, system;
	if (after == NULL || sscanf(after + 1, " %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &parent,
				    &user, &system) != 3)
		return false;
	*p = (struct process){.pid = pid, .parent = (pid_t)parent, .reaped_ticks = user + system};
	return true;
}

static int table_fill(pid_t root)
{
	if (table == NULL && (table = calloc(PROCESSES_MAX, sizeof *table)) == NULL)
		return -ENOMEM;
	DIR *proc = opendir("/proc");
	if (proc == NULL)
		return -errno;
	table_length = 0;
	for (struct dirent *d; (d = readdir(proc)) != NULL && table_length < PROCESSES_MAX;) {
		if (isdigit((unsigned char)d->d_name[0]) &&
		    stat_read((pid_t)strtol(d->d_name, NULL, 10), &table[table_length]))
			table_length++;
	}
	closedir(proc);
	qsort(table, table_length, sizeof *table, by_pid);

	struct process *top = table_find(root);
	if (top == NULL)
		return -ESRCH;
	top->ours = true;
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < table_length; i++) {
			struct process *parent = table[i].ours ? NULL : table_find(table[i].parent);
			if (parent != NULL && parent->ours)
				table[i].ours = more = true;
		}
	}
	return 0;
}

/* Time on a CPU, exact to the nanosecond, of all threads. */
static uint64_t cpu_of(pid_t pid)
{
	char path[320], text[128];
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	if (tasks == NULL)
		return 0;
	uint64_t sum = 0;
	for (struct dirent *d; (d = readdir(tasks)) != NULL;) {
		snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, d->d_name);
		if (isdigit((unsigned char)d->d_name[0]) && slurp(path, text, sizeof text) > 0)
			sum += strtoull(text, NULL, 10);
	}
	closedir(tasks);
	return sum;
}

int server_usage(const struct server *s, struct usage *ret)
{
	int error = table_fill(s->pid);
	if (error != 0)
		return error;
	uint64_t tick_ns = 1000000000U / (uint64_t)sysconf(_SC_CLK_TCK);
	*ret = (struct usage){0};
	for (size_t i = 0; i < table_length; i++) {
		if (!table[i].ours)
			continue;
		ret->cpu_ns += cpu_of(table[i].pid) + table[i].reaped_ticks * tick_ns;
		ret->processes++;
	}
	return 0;
}

static uint64_t field_kb(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10);
}

int server_memory(const struct server *s, struct memory *ret)
{
	char text[8192], path[64];
	/* The system first: walking /proc costs the kernel memory itself. */
	if (slurp("/proc/meminfo", text, sizeof text) <= 0)
		return -EIO;
	*ret = (struct memory){
	    .available_kb = field_kb(text, "MemAvailable:"),
	    .slab_kb = field_kb(text, "\nSlab:"),
	    .page_tables_kb = field_kb(text, "\nPageTables:"),
	    .kernel_stack_kb = field_kb(text, "KernelStack:"),
	    .per_cpu_kb = field_kb(text, "Percpu:"),
	};
	int error = table_fill(s->pid);
	if (error != 0)
		return error;
	for (size_t i = 0; i < table_length; i++) {
		if (!table[i].ours)
			continue;
		snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)table[i].pid);
		ssize_t n = slurp(path, text, sizeof text);
		if (n == -EACCES || n == -EPERM)
			return -EACCES; /* a process that is not dumpable shows its memory to root only */
		if (n > 0)
			ret->pss_kb += field_kb(text, "\nPss:");
		ret->processes++;
	}
	return 0;
}
