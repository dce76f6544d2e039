/* listen_list - see listen_list.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "listen_list.h"

#define UNIX_PREFIX "unix:"

bool listen_is_host(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	return strcmp(text, "*") == 0 || strcmp(text, "localhost") == 0 || inet_pton(AF_INET, text, address) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

static bool copy(char *out, size_t size, const char *text, size_t n)
{
	if (n == 0 || n >= size)
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

/* `10.0.0.1:3001`, `[::1]:3001`, `localhost:3001`, `*:3001` */
static bool read_address(const char *text, size_t n, struct listen_entry *ret)
{
	const char *colon = memrchr(text, ':', n);
	bool bracket = text[0] == '[';
	char port[6];

	if (!colon || !copy(port, sizeof(port), colon + 1, (size_t)(text + n - colon - 1)) ||
	    strspn(port, "0123456789") != strlen(port) || strtoul(port, NULL, 10) > 65535)
		return false;
	size_t length = (size_t)(colon - text);
	if (bracket && (length < 2 || text[length - 1] != ']'))
		return false;
	if (!copy(ret->host, sizeof(ret->host), text + bracket, length - 2 * (size_t)bracket))
		return false;
	ret->port = (uint16_t)strtoul(port, NULL, 10);
	return listen_is_host(ret->host) && (strchr(ret->host, ':') != NULL) == bracket;
}

static bool read_place(const char *text, size_t n, struct listen_entry *ret)
{
	const size_t prefix = strlen(UNIX_PREFIX);

	if (n <= prefix || strncmp(text, UNIX_PREFIX, prefix) != 0)
		return read_address(text, n, ret);
	return text[prefix] == '/' && copy(ret->path, sizeof(ret->path), text + prefix, n - prefix);
}

/* One word behind the place. */
static bool read_option(const char *text, size_t n, struct listen_entry *ret)
{
	char mode[5];
	char *end;

	if (n == strlen("proxy") && memcmp(text, "proxy", n) == 0) {
		ret->proxy = true;
		return true;
	}
	if (!*ret->path)
		return false;
	if (n > strlen("group=") && memcmp(text, "group=", strlen("group=")) == 0)
		return copy(ret->group, sizeof(ret->group), text + strlen("group="), n - strlen("group="));
	if (n <= strlen("mode=") || memcmp(text, "mode=", strlen("mode=")) != 0 ||
	    !copy(mode, sizeof(mode), text + strlen("mode="), n - strlen("mode=")))
		return false;
	ret->mode = (unsigned)strtoul(mode, &end, 8);
	return *end == '\0' && ret->mode <= 0777;
}

int listen_list_next(const char **list, struct listen_entry *ret)
{
	const char *at = *list + strspn(*list, " ,");
	const char *end = at + strcspn(at, ",");
	size_t n = strcspn(at, " ,");

	*ret = (struct listen_entry){.mode = 0660};
	*list = end;
	if (!*at)
		return 0;
	if (!read_place(at, n, ret))
		return -EINVAL;
	for (at += n; (at += strspn(at, " ")) < end; at += n) {
		n = strcspn(at, " ,");
		if (!read_option(at, n, ret))
			return -EINVAL;
	}
	return 1;
}
