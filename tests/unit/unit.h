/*
 * unit - what every unit test includes: cmocka with all it wants before it.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Fails unless got[0..n) is the text `want`; prints both as text. */
#define assert_text(got, n, want)                                                                                      \
	do {                                                                                                           \
		size_t n_ = (n);                                                                                       \
		const char *got_ = (got);                                                                              \
		const char *want_ = (want);                                                                            \
		if (n_ != strlen(want_) || memcmp(got_, want_, n_) != 0)                                               \
			fail_msg("got  %.*s\nwant %s", (int)n_, got_, want_);                                          \
	} while (0)

/* Under valgrind, what is slow is not what is slow elsewhere, and limits on descriptors are valgrind's own idea. */
#define skip_under_valgrind()                                                                                          \
	do {                                                                                                           \
		const char *preloaded_ = getenv("LD_PRELOAD");                                                         \
		if (preloaded_ && strstr(preloaded_, "vgpreload"))                                                     \
			skip();                                                                                        \
	} while (0)

#endif
