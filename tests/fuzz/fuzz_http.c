/*
 * fuzz_http - a request's head: libwebsockets parses it without harm, and what comes out is text within its bounds.
 */
#include "http.h"

#include <errno.h>
#include <unistd.h>

#include "fuzz.h"
#include "limits.h"

static void check_text(const char *text, size_t size)
{
	CHECK(strnlen(text, size) < size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http *http;
	struct http_request request;
	char accept[32];

	if (!http) {
		CHECK(http_new(&http) == 0);
		http_free(http);
		http_free(NULL);
		CHECK(http_new(&http) == 0);
	}
	/* As request.c sees to. */
	if (size > LIMIT_REQUEST_BYTES || size < 4 || memcmp(data + size - 4, "\r\n\r\n", 4) != 0 ||
	    (size > 4 && memmem(data, size - 1, "\r\n\r\n", 4)))
		return 0;
	char *head = fuzz_copy(data, size);
	int before = dup(STDERR_FILENO);
	close(before);
	int error = http_parse(http, head, size, &request);
	CHECK(error == 0 || error == -EBADMSG);
	if (error == 0) {
		check_text(request.path, sizeof(request.path));
		check_text(request.version, sizeof(request.version));
		check_text(request.key, sizeof(request.key));
		CHECK(!strpbrk(request.path, " \r\n"));
		if (strlen(request.key) == 24) {
			http_accept_key(request.key, accept);
			CHECK(strlen(accept) == 28);
		}
	}
	int after = dup(STDERR_FILENO);
	close(after);
	CHECK(before == after);
	free(head);
	return 0;
}
