/* secrets - reads the files that hold what nobody else may know. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bsd/string.h>

#include "memory_file.h"
#include "secrets.h"
#include "setting_table.h"

/* A file that is longer holds something else. */
#define FILE_BYTES_MAX 8192

/* Says `token_keys: /etc/.../a.secret <why>`. */
static int problem(enum setting_id id, const char *directory, const char *name, const char *why,
		   struct settings_problem *ret_problem)
{
	struct out o = problem_begin(ret_problem);

	setting_spell(&o, id, SETTING_AS_KEY);
	out_text(&o, ": ");
	out_visible(&o, directory, strlen(directory));
	if (name) {
		out_text(&o, "/");
		out_visible(&o, name, strlen(name));
	}
	out_text(&o, " ");
	out_text(&o, why);
	return problem_end(ret_problem, &o);
}

static int cannot(enum setting_id id, const char *directory, const char *name, int error,
		  struct settings_problem *ret_problem)
{
	char why[256];
	struct out o = out_init(why, sizeof(why) - 1);

	out_text(&o, "cannot be read by user ");
	out_unsigned(&o, geteuid());
	out_text(&o, ": ");
	out_text(&o, strerror(error));
	why[o.length] = '\0';
	problem(id, directory, name, why, ret_problem);
	return -error;
}

/* NULL, or why the file or directory can't hold a secret. Whoever can write a directory can put a key of their own
 * there; what may be read in it, its files say. */
static const char *is_open_to_others(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to another user: it must be root's, or that of the user whom the server runs as";
	if (S_ISDIR(st->st_mode))
		return st->st_mode & S_IWOTH ? "can be written by others: chmod o-w" : NULL;
	if (!S_ISREG(st->st_mode))
		return "is no file";
	if (st->st_mode & S_IRWXO)
		return "can be read by others: chmod o-rwx";
	return st->st_mode & S_IWGRP ? "can be written by its group: chmod g-w" : NULL;
}

/* Reads the file `name` in the directory (both together are the path). Returns its length, or fills *ret_problem. */
static int read_file(enum setting_id id, int at, const char *directory, const char *name, char text[FILE_BYTES_MAX + 1],
		     struct settings_problem *ret_problem)
{
	struct stat st;
	int fd = openat(at, name ? name : directory, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return cannot(id, directory, name, errno, ret_problem);
	ssize_t n = fstat(fd, &st) == 0 ? 0 : -1;
	const char *why = n == 0 ? is_open_to_others(&st) : NULL;
	if (n == 0 && !why)
		n = read(fd, text, FILE_BYTES_MAX + 1);
	int error = errno;
	close(fd);
	if (why)
		return problem(id, directory, name, why, ret_problem);
	if (n < 0)
		return cannot(id, directory, name, error, ret_problem);
	if (n > FILE_BYTES_MAX)
		return problem(id, directory, name, "is longer than 8 KiB", ret_problem);
	return (int)n;
}

/* --- keys --- */

static int add_key(struct secrets *s, const char *directory, const char *name, const char *text, size_t n,
		   struct settings_problem *ret_problem)
{
	struct key *key = &s->keys[s->key_count];
	const char *base = name ? name : strrchr(directory, '/');
	const char *file = name ? name : base ? base + 1 : directory;

	if (s->key_count == LIMIT_TOKEN_KEYS)
		return problem(SETTING_token_keys, directory, NULL, "holds more than 16 keys: remove old ones",
			       ret_problem);
	const char *why = key_is_file_name(file) ? key_read(file, text, n, key)
						 : "must be called NAME.secret or NAME.pem, and NAME be the kid";
	if (why)
		return problem(SETTING_token_keys, directory, name, why, ret_problem);
	s->key_count++;
	return 0;
}

static int read_key(struct secrets *s, int at, const char *directory, const char *name,
		    struct settings_problem *ret_problem)
{
	char text[FILE_BYTES_MAX + 1];
	int n = read_file(SETTING_token_keys, at, directory, name, text, ret_problem);

	if (n >= 0)
		n = add_key(s, directory, name, text, (size_t)n, ret_problem);
	explicit_bzero(text, sizeof(text));
	return n < 0 ? n : 0;
}

static int read_directory(struct secrets *s, const char *path, int fd, struct settings_problem *ret_problem)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!directory) {
		close(fd);
		return cannot(SETTING_token_keys, path, NULL, ENOMEM, ret_problem);
	}
	while (error == 0 && (entry = readdir(directory)) != NULL)
		if (key_is_file_name(entry->d_name))
			error = read_key(s, dirfd(directory), path, entry->d_name, ret_problem);
	closedir(directory);
	if (error == 0 && s->key_count == 0)
		return problem(SETTING_token_keys, path, NULL,
			       "holds no key: put one there, called NAME.secret (openssl rand -base64 48) or NAME.pem",
			       ret_problem);
	return error;
}

static int read_keys(struct secrets *s, const char *path, struct settings_problem *ret_problem)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

	if (fd < 0 && errno == ENOTDIR)
		return read_key(s, AT_FDCWD, path, NULL, ret_problem);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		return cannot(SETTING_token_keys, path, NULL, error, ret_problem);
	}
	const char *why = is_open_to_others(&st);
	if (!why)
		return read_directory(s, path, fd, ret_problem);
	close(fd);
	return problem(SETTING_token_keys, path, NULL, why, ret_problem);
}

/* --- the TURN server's --- */

static int read_turn(struct secrets *s, const char *path, struct settings_problem *ret_problem)
{
	char text[FILE_BYTES_MAX + 1] = {0};
	int n = read_file(SETTING_turn_secret_file, AT_FDCWD, path, NULL, text, ret_problem);
	const char *why = NULL;

	if (n < 0)
		return n;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n == 0)
		why = "is empty: it must hold the secret that the TURN server has";
	else if (n > LIMIT_KEY_BYTES / 2)
		why = "holds more than 256 bytes";
	for (int i = 0; i < n && !why; i++)
		if (text[i] < ' ' || text[i] > '~')
			why = "holds more than one line, or other than printable characters of ASCII";
	if (!why) {
		memcpy(s->turn, text, (size_t)n);
		s->turn_length = (uint32_t)n;
	}
	explicit_bzero(text, sizeof(text));
	return why ? problem(SETTING_turn_secret_file, path, NULL, why, ret_problem) : 0;
}

bool secrets_are_wanted(const struct settings *settings)
{
	return settings->auth == SETTING_AUTH_TOKEN || *settings->turn_secret_file;
}

int secrets_load(const struct settings *settings, struct secrets *ret, struct settings_problem *ret_problem)
{
	int error = 0;

	memset(ret, 0, sizeof(*ret));
	ret->version = SECRETS_VERSION;
	if (settings->auth == SETTING_AUTH_TOKEN)
		error = read_keys(ret, settings->token_keys, ret_problem);
	if (error == 0 && *settings->turn_secret_file)
		error = read_turn(ret, settings->turn_secret_file, ret_problem);
	if (error < 0)
		explicit_bzero(ret, sizeof(*ret));
	return error;
}

int secrets_open(const struct settings *settings, struct settings_problem *ret_problem)
{
	struct secrets secrets;
	int error = secrets_load(settings, &secrets, ret_problem);
	int file = error < 0 ? error : memory_file("secrets", &secrets, sizeof(secrets));

	explicit_bzero(&secrets, sizeof(secrets));
	if (error == 0 && file < 0) {
		struct out o = problem_begin(ret_problem);
		out_text(&o, "cannot make a memory file: ");
		out_text(&o, strerror(-file));
		problem_end(ret_problem, &o);
	}
	return file;
}
