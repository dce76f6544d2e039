/*
 * ipc - sending and receiving the messages of ipc_messages.h.
 * Process: all.  Owns: nothing; descriptors it receives are the caller's.
 * Never:   blocks; lets a message through that the table does not allow.
 * Fails:   -EAGAIN (channel full or nothing there), -EPIPE (the other end is gone), -EPROTO (what came is not in the
 *          table, not legal now, of the wrong size, or its descriptors are not those it must have; they are closed),
 *          -EMFILE (the message is whole and legal, but this process has no descriptor free for what came along:
 *          there is none then).
 */
#ifndef IPC_H
#define IPC_H

#include <stdalign.h>
#include <stddef.h>

#include "ipc_messages.h"

/* One received message. `fd` is -1 where the table has none; it is the receiver's. */
struct ipc_message {
	enum ipc_type type;
	const void *body; /* of the table's struct for the type */
	const void *tail;
	size_t tail_length;
	int fd;
	int second_fd; /* -1, but for those that have two */
};

/* What a received message lies in until the next is received. */
struct ipc_inbox {
	alignas(8) unsigned char bytes[8 + IPC_BODY_MAX + LIMIT_READ_BYTES];
};

/* Makes a channel: two connected ends, non-blocking, close-on-exec. Returns 0 or -errno. */
int ipc_channel(int ret_ends[2]);

/* Sends one message over `channel`: the table's body for `type`, a tail of up to its tail_max, and a descriptor (-1 for
 * none) which stays the caller's. Returns 0 or -errno; -EAGAIN and -ETOOMANYREFS may be tried again. */
int ipc_send(int channel, enum ipc_type type, const void *body, const void *tail, size_t tail_length, int fd);

/* The same with two descriptors. */
int ipc_send_two(int channel, enum ipc_type type, const void *body, int fd, int second_fd);

/* Receives one message that `from` may say in state `state`. Returns 0 (or -EMFILE) and fills *ret, whose pointers
 * point into `inbox`; or another -errno. */
int ipc_recv(int channel, enum ipc_from from, enum ipc_state state, struct ipc_inbox *inbox, struct ipc_message *ret);

/* "ADOPT" */
const char *ipc_name(enum ipc_type type);

#endif
