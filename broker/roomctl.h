/*
 * roomctl - what its files share: what was asked on the command line, and how it ends.
 * Process: roomctl, at an operator's terminal. Never linked into the server.
 */
#ifndef ROOMCTL_H
#define ROOMCTL_H

#include <stdbool.h>
#include <stdint.h>

/* roomctl(1), EXIT STATUS */
enum roomctl_exit {
	ROOMCTL_DONE = 0,
	ROOMCTL_USAGE = 1,       /* the command line can't be understood */
	ROOMCTL_NOBODY = 2,      /* no server answers */
	ROOMCTL_NOT_ALLOWED = 3, /* the operator may not do this, or not connect */
	ROOMCTL_NOT_FOUND = 4,   /* no such room or client */
	ROOMCTL_AMBIGUOUS = 5,   /* more than one is called so */
	ROOMCTL_REFUSED = 6,     /* the server refuses for another reason */
	ROOMCTL_LOST = 7,        /* the server has gone in between */
	ROOMCTL_TIMEOUT = 8,     /* what was waited for did not come in time */
	ROOMCTL_MISSING = 9,     /* trace: something is missing in this call */
};

struct roomctl {
	const char *socket; /* NULL: look for it */
	bool json;
	bool colour;
	bool terminal; /* stdout is one */
	unsigned columns;

	const char *command;
	const char *room;
	const char *client;
	const char *level;

	const char *sort;
	const char *filter;
	uint64_t limit; /* 0: none */
	uint64_t members_min;
	bool wait;
	uint64_t timeout_ms;  /* 0: none */
	uint64_t for_ms;      /* UINT64_MAX: until interrupted */
	uint64_t interval_ms; /* of top */

	/* token */
	const char *subject;
	const char *key;      /* a file; NULL: one of the server's */
	const char *issuer;   /* NULL: the server's */
	const char *audience; /* NULL: the server's */
	uint64_t ttl_ms;
};

/* The commands; each returns an exit status. */
int roomctl_status(const struct roomctl *options);
int roomctl_settings(const struct roomctl *options);
int roomctl_act(const struct roomctl *options);
int roomctl_drain(const struct roomctl *options);
int roomctl_list(const struct roomctl *options);
int roomctl_show(const struct roomctl *options);
int roomctl_top(const struct roomctl *options);
int roomctl_watch(const struct roomctl *options);
int roomctl_trace(const struct roomctl *options);
int roomctl_token(const struct roomctl *options);

/* Writes --help, of all or of one command (NULL: of all). */
void roomctl_help(const char *command);

#endif
