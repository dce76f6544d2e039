/*
 * replay - a fuzz target's main() where there is no libFuzzer: it goes through the files of the folders given.
 */
#include <dirent.h>
#include <limits.h>

#include "fuzz.h"

#define INPUT_BYTES_MAX (1024 * 1024)

static void replay_file(const char *path)
{
	static uint8_t bytes[INPUT_BYTES_MAX];
	FILE *file = fopen(path, "rb");

	CHECK(file != NULL);
	size_t n = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(bytes, n);
}

int main(int argc, char **argv)
{
	unsigned files = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		CHECK(folder != NULL);
		for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
			char path[PATH_MAX];
			if (entry->d_name[0] == '.')
				continue;
			CHECK(snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name) < (int)sizeof path);
			replay_file(path);
			files++;
		}
		closedir(folder);
	}
	return files > 0 ? 0 : 1;
}
