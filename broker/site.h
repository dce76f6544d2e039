/*
 * site - the demo page's files, read once at start and served from memory.
 * Process: broker.  Owns: the files' bytes.
 */
#ifndef SITE_H
#define SITE_H

#include <stddef.h>

#define SITE_FILES_MAX 32
#define SITE_FILE_BYTES_MAX (1024 * 1024)

struct site_file {
	char path[64]; /* "/page.js" */
	const char *type;
	char *bytes;
	size_t length;
};

struct site {
	struct site_file files[SITE_FILES_MAX];
	unsigned count;
};

/* Header lines that go with every file: above all, a page that runs nothing but its own scripts. */
extern const char site_headers[];

/* Reads the files of the open directory, which is closed, whose kind is known by their ending. Returns 0 or -errno. */
int site_load(struct site *ret, int directory);

/* Finds the file for a path; "/" is /index.html. NULL: there is none. */
const struct site_file *site_find(const struct site *site, const char *path);

void site_fini(struct site *site);

#endif
