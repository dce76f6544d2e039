/* control_path - where the control socket is, when nobody has said where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control_path.h"

#define SYSTEM_DIRECTORY "/run/video-signaling"

static bool fits(int length)
{
	/* Room for "/" and the longest file. */
	return length > 0 && length < CONTROL_PATH_BYTES - (int)sizeof("/control-65535.sock");
}

static bool session_directory(char directory[CONTROL_PATH_BYTES])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	return runtime && runtime[0] == '/' &&
	       fits(snprintf(directory, CONTROL_PATH_BYTES, "%s/video-signaling", runtime));
}

static bool temporary_directory(char directory[CONTROL_PATH_BYTES])
{
	return fits(snprintf(directory, CONTROL_PATH_BYTES, "/tmp/video-signaling-%u", (unsigned)geteuid()));
}

bool control_path_directory(char directory[CONTROL_PATH_BYTES])
{
	const char *given = getenv("RUNTIME_DIRECTORY");

	if (given && given[0] == '/')
		return fits(snprintf(directory, CONTROL_PATH_BYTES, "%.*s", (int)strcspn(given, ":"), given));
	if (geteuid() == 0)
		return fits(snprintf(directory, CONTROL_PATH_BYTES, SYSTEM_DIRECTORY));
	return session_directory(directory) || temporary_directory(directory);
}

bool control_path_join(char path[CONTROL_PATH_BYTES], const char *directory, const char *file)
{
	int n = snprintf(path, CONTROL_PATH_BYTES, "%s/%s", directory, file);

	return n > 0 && n < CONTROL_PATH_BYTES;
}

bool control_path_candidate(unsigned i, char path[CONTROL_PATH_BYTES])
{
	char directory[CONTROL_PATH_BYTES];
	/* Who is not root has a server of his own in mind before the system's. */
	bool root = geteuid() == 0;

	path[0] = '\0';
	switch (i) {
	case 0:
		return root || !session_directory(directory) || control_path_join(path, directory, CONTROL_FILE);
	case 1:
		return root || !temporary_directory(directory) || control_path_join(path, directory, CONTROL_FILE);
	case 2:
		return control_path_join(path, SYSTEM_DIRECTORY, CONTROL_FILE);
	default:
		return false;
	}
}
