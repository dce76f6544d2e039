/* roomctl_link - the connection to the server's control socket. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_request.h"
#include "roomctl_link.h"
#include "settings.h"

#define READ_BYTES 65536

/* --- finding it --- */

static int try_path(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int error = errno;
	close(fd);
	return -error;
}

static int complain(const char *path, int error)
{
	if (error == -EACCES || error == -EPERM) {
		fprintf(stderr,
			"roomctl: you may not connect to %s: be root (sudo roomctl ...), or in the group that the "
			"setting control_group names\n",
			path);
		return ROOMCTL_NOT_ALLOWED;
	}
	if (error == -ENOENT || error == -ECONNREFUSED)
		fprintf(stderr,
			"roomctl: no server is running at %s: start one with `video-signaling`, or `systemctl start "
			"video-signaling`\n",
			path);
	else
		fprintf(stderr, "roomctl: cannot connect to %s: %s\n", path, strerror(-error));
	return ROOMCTL_NOBODY;
}

/* The path that the config file or the environment names, as the server reads them. */
static bool configured_path(char path[CONTROL_PATH_BYTES])
{
	static struct settings_loaded loaded;
	struct settings_problem problem;
	char name[] = "roomctl";
	char *argv[] = {name, NULL};

	return settings_load(1, argv, environ, SETTINGS_DEFAULT_CONFIG, &loaded, &problem) == 0 &&
	       *loaded.values.control && strcmp(loaded.values.control, "none") != 0 &&
	       strlen(loaded.values.control) < CONTROL_PATH_BYTES &&
	       snprintf(path, CONTROL_PATH_BYTES, "%s", loaded.values.control) > 0;
}

static int search(struct roomctl_link *link)
{
	char path[CONTROL_PATH_BYTES];
	int worst = -ENOENT;

	for (unsigned i = 0; control_path_candidate(i, path); i++) {
		int fd = *path ? try_path(path) : -ENOENT;
		if (fd >= 0 || *path)
			memcpy(link->path, path, sizeof(path));
		if (fd >= 0)
			return fd;
		if (fd == -EACCES)
			return fd;
	}
	return worst;
}

int roomctl_link_open(struct roomctl_link *link, const struct roomctl *options)
{
	*link = (struct roomctl_link){.fd = -1};
	if (options->socket)
		snprintf(link->path, sizeof(link->path), "%s", options->socket);
	if (options->socket || configured_path(link->path))
		link->fd = try_path(options->socket ? options->socket : link->path);
	else
		link->fd = search(link);
	return link->fd >= 0 ? ROOMCTL_DONE : complain(options->socket ? options->socket : link->path, link->fd);
}

void roomctl_link_close(struct roomctl_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	free(link->input);
	*link = (struct roomctl_link){.fd = -1};
}

/* --- lines --- */

static int lost(void)
{
	fputs("roomctl: the server has closed the connection: it stops, or starts anew\n", stderr);
	return ROOMCTL_LOST;
}

int roomctl_link_send(struct roomctl_link *link, struct json_object *request)
{
	const char *text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
	size_t left = strlen(text);
	ssize_t n = 0;

	while (left > 0 && (n = send(link->fd, text, left, MSG_NOSIGNAL)) > 0) {
		text += n;
		left -= (size_t)n;
	}
	if (n > 0)
		n = send(link->fd, "\n", 1, MSG_NOSIGNAL);
	json_object_put(request);
	return n > 0 ? ROOMCTL_DONE : lost();
}

/* Reads more. Returns a status; ROOMCTL_TIMEOUT also when a signal came. */
static int fill(struct roomctl_link *link, int timeout_ms)
{
	struct pollfd wait = {.fd = link->fd, .events = POLLIN};

	if (link->size - link->length < READ_BYTES) {
		char *bigger = realloc(link->input, link->size + 2 * (size_t)READ_BYTES);
		if (!bigger)
			return lost();
		link->input = bigger;
		link->size += 2 * (size_t)READ_BYTES;
	}
	int ready = poll(&wait, 1, timeout_ms);
	if (ready == 0 || (ready < 0 && errno == EINTR))
		return ROOMCTL_TIMEOUT;
	ssize_t n = read(link->fd, link->input + link->length, READ_BYTES);
	if (n <= 0)
		return lost();
	link->length += (size_t)n;
	return ROOMCTL_DONE;
}

int roomctl_link_read(struct roomctl_link *link, int timeout_ms, struct json_object **ret)
{
	char *end;

	*ret = NULL;
	while (!link->input || !(end = memchr(link->input + link->looked, '\n', link->length - link->looked))) {
		link->looked = link->length;
		int status = fill(link, timeout_ms);
		if (status != ROOMCTL_DONE)
			return status;
	}
	struct json_tokener *tokener = json_tokener_new();
	if (tokener)
		*ret = json_tokener_parse_ex(tokener, link->input, (int)(end - link->input));
	json_tokener_free(tokener);
	link->length -= (size_t)(end + 1 - link->input);
	memmove(link->input, end + 1, link->length);
	link->looked = 0;
	if (json_object_is_type(*ret, json_type_object))
		return ROOMCTL_DONE;
	json_object_put(*ret);
	*ret = NULL;
	fprintf(stderr, "roomctl: what answers at %s is no video-signaling\n", link->path);
	return ROOMCTL_LOST;
}

/* --- what is in them --- */

struct json_object *roomctl_get(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	return object && json_object_object_get_ex(object, key, &value) ? value : NULL;
}

const char *roomctl_text(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(roomctl_get(object, key));

	return text ? text : "";
}

uint64_t roomctl_number(struct json_object *object, const char *key)
{
	return json_object_get_uint64(roomctl_get(object, key));
}

void roomctl_print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
}

int roomctl_judge(struct json_object *reply, const struct roomctl *options)
{
	static const struct {
		enum control_code code;
		int status;
	} statuses[] = {
	    {CONTROL_NOT_ALLOWED, ROOMCTL_NOT_ALLOWED},    {CONTROL_NO_SUCH_ROOM, ROOMCTL_NOT_FOUND},
	    {CONTROL_NO_SUCH_CLIENT, ROOMCTL_NOT_FOUND},   {CONTROL_AMBIGUOUS_ROOM, ROOMCTL_AMBIGUOUS},
	    {CONTROL_AMBIGUOUS_CLIENT, ROOMCTL_AMBIGUOUS},
	};
	const char *code = roomctl_text(reply, "code");

	if (json_object_get_boolean(roomctl_get(reply, "ok")))
		return ROOMCTL_DONE;
	if (options->json)
		roomctl_print_json(reply);
	fprintf(stderr, "roomctl: %s\n", roomctl_text(reply, "error"));
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(code, control_code_text(statuses[i].code)) == 0)
			return statuses[i].status;
	return ROOMCTL_REFUSED;
}

static void add(struct json_object *request, const char *key, const char *value)
{
	if (value)
		json_object_object_add(request, key, json_object_new_string(value));
}

struct json_object *roomctl_request(const struct roomctl *options, const char *command)
{
	struct json_object *request = json_object_new_object();

	json_object_object_add(request, "v", json_object_new_int(CONTROL_VERSION));
	add(request, "command", command);
	add(request, "room", options->room);
	add(request, "client", options->client);
	add(request, "level", options->level);
	return request;
}

int roomctl_call(struct roomctl_link *link, const struct roomctl *options, struct json_object **ret)
{
	int status = roomctl_link_open(link, options);

	*ret = NULL;
	if (status == ROOMCTL_DONE)
		status = roomctl_link_send(link, roomctl_request(options, options->command));
	if (status == ROOMCTL_DONE)
		status = roomctl_link_read(link, -1, ret);
	if (status == ROOMCTL_DONE)
		status = roomctl_judge(*ret, options);
	return status;
}
