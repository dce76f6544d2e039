/*
 * listen_list - the setting `listen`: addresses, ports and Unix sockets, and what kind of connections come there.
 * Process: keeper.  Pure.
 */
#ifndef LISTEN_LIST_H
#define LISTEN_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listen_entry {
	char host[64]; /* an IP address, localhost or *; "" for a Unix socket */
	uint16_t port;
	char path[108]; /* of a Unix socket: as long as sun_path */
	char group[33]; /* of the socket's file; "": its maker's */
	unsigned mode;  /* of the socket's file */
	bool proxy;     /* each connection begins with a PROXY header */
};

/* Takes the first entry off *list. Returns 1 and fills *ret; 0 at the end; -EINVAL for what is none. */
int listen_list_next(const char **list, struct listen_entry *ret);

/* Is that an IP address, localhost or *? */
bool listen_is_host(const char *text);

#endif
