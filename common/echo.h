/*
 * echo - a build that hands every message back to whoever sent it, for suites that test WebSocket and nothing else
 * (Autobahn): `/ws` is then the lobby, and `/ws/<anything>` a room, joined without a word.
 * Never:   in a build that is installed; `cmake --preset echo` alone makes it (tests/full/autobahn).
 */
#ifndef ECHO_H
#define ECHO_H

#include <stdbool.h>

static inline bool echo_is_on(void)
{
#ifdef ECHO_BUILD
	return true;
#else
	return false;
#endif
}

#endif
