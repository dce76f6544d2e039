/* head - see head.h. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "head.h"

static struct span trim(const char *at, size_t n)
{
	while (n > 0 && (*at == ' ' || *at == '\t')) {
		at++;
		n--;
	}
	while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\t'))
		n--;
	return (struct span){at, n};
}

int head_find(const char *head, size_t n, const char *name, struct span *ret, unsigned max)
{
	const size_t length = strlen(name);
	const char *end = head + n;
	int count = 0;

	for (const char *line = memmem(head, n, "\r\n", 2); line;
	     line = memmem(line, (size_t)(end - line), "\r\n", 2)) {
		line += 2;
		if (line < end && (*line == ' ' || *line == '\t'))
			return -EBADMSG;
		if ((size_t)(end - line) <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
			continue;
		const char *value = line + length + 1;
		const char *value_end = memmem(value, (size_t)(end - value), "\r\n", 2);
		if ((unsigned)count < max)
			ret[count] = trim(value, (size_t)((value_end ? value_end : end) - value));
		count++;
	}
	return count;
}

bool head_one(const struct span *head, const char *name, char *ret, size_t size)
{
	struct span value = {NULL, 0};
	int count = head_find(head->at, head->length, name, &value, 1);

	if (count < 0 || count > 1 || value.length >= size)
		return false;
	if (value.length > 0)
		memcpy(ret, value.at, value.length);
	ret[value.length] = '\0';
	return true;
}
