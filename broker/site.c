/* site - the demo page's files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site.h"

const char site_headers[] =
    "Cache-Control: no-cache\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; media-src 'self' blob: mediastream:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "Permissions-Policy: camera=(self), microphone=(self)\r\n"
    "Referrer-Policy: no-referrer\r\n"
    /* The client module may be imported by a front end that is served from elsewhere. */
    "Access-Control-Allow-Origin: *\r\n";

static const char *type_of(const char *name)
{
	static const struct {
		const char *ending;
		const char *type;
	} types[] = {
	    {".html", "text/html; charset=utf-8"},
	    {".css", "text/css; charset=utf-8"},
	    {".js", "text/javascript; charset=utf-8"},
	    {".ts", "text/plain; charset=utf-8"},
	    {".svg", "image/svg+xml"},
	    {".png", "image/png"},
	    {".ico", "image/x-icon"},
	};
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(ending, types[i].ending) == 0)
			return types[i].type;
	return NULL;
}

static int read_file(struct site_file *ret, int directory, const char *name)
{
	struct stat file;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	int error = fstat(fd, &file) < 0 ? -errno : 0;
	if (error == 0 && (!S_ISREG(file.st_mode) || file.st_size > SITE_FILE_BYTES_MAX))
		error = -EFBIG;
	size_t size = error == 0 ? (size_t)file.st_size : 0;
	ret->bytes = error == 0 ? malloc(size + 1) : NULL;
	if (error == 0 && !ret->bytes)
		error = -ENOMEM;
	if (error == 0 && read(fd, ret->bytes, size) != (ssize_t)size)
		error = -EIO;
	close(fd);
	if (error < 0) {
		free(ret->bytes);
		return error;
	}
	snprintf(ret->path, sizeof(ret->path), "/%s", name);
	ret->type = type_of(name);
	ret->length = size;
	return 0;
}

int site_load(struct site *ret, int directory)
{
	DIR *dir = fdopendir(directory);
	int error = 0;

	*ret = (struct site){0};
	if (!dir) {
		close(directory);
		return -ENOTDIR;
	}
	rewinddir(dir); /* another broker may have read it before us: its place is shared */
	for (const struct dirent *entry; error == 0 && (entry = readdir(dir)) != NULL;) {
		if (entry->d_name[0] == '.' || !type_of(entry->d_name) ||
		    strlen(entry->d_name) + 2 > sizeof(ret->files[0].path))
			continue;
		if (ret->count == SITE_FILES_MAX)
			error = -E2BIG;
		else
			error = read_file(&ret->files[ret->count], dirfd(dir), entry->d_name);
		if (error == 0)
			ret->count++;
	}
	closedir(dir);
	if (error < 0)
		site_fini(ret);
	return error;
}

const struct site_file *site_find(const struct site *site, const char *path)
{
	if (strcmp(path, "/") == 0)
		path = "/index.html";
	for (unsigned i = 0; i < site->count; i++)
		if (strcmp(site->files[i].path, path) == 0)
			return &site->files[i];
	return NULL;
}

void site_fini(struct site *site)
{
	while (site->count > 0)
		free(site->files[--site->count].bytes);
}
