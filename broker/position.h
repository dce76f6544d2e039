/*
 * position - where the two streams of a TCP connection stand, as the kernel knows it and whatever became of the process
 * that read and wrote them. Process: broker.
 */
#ifndef POSITION_H
#define POSITION_H

#include <stdbool.h>
#include <stdint.h>

#define POSITION_UNKNOWN UINT64_MAX

struct position {
	uint64_t in_bytes;  /* read by any process since the connection began, or POSITION_UNKNOWN */
	uint64_t out_bytes; /* written by any process */
	bool no_stream;     /* it is no TCP socket: nobody ever knows */
};

/* Asks for a connection that nobody reads from or writes to at this moment (tcp(7): TCP_INFO, SIOCINQ, SIOCOUTQ). What
 * is no TCP socket is POSITION_UNKNOWN. */
struct position position_of(int fd);

#endif
