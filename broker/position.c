/* position - where the two streams of a TCP connection stand. */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "position.h"

/* <netinet/tcp.h> has these, and clashes with <linux/tcp.h>, which has the counters. */
enum {
	TCP_FIN_WAIT1 = 4,
	TCP_FIN_WAIT2 = 5,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE_WAIT = 8,
	TCP_LAST_ACK = 9,
	TCP_CLOSING = 11,
};

/* The peer goes on sending and acknowledging while we ask: until two answers agree. */
#define TRIES 50

static int ask(int fd, struct tcp_info *info, int *in_queue, int *out_queue)
{
	socklen_t size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) < 0 || ioctl(fd, SIOCINQ, in_queue) < 0 ||
	    ioctl(fd, SIOCOUTQ, out_queue) < 0)
		return -1;
	return 0;
}

/* A FIN takes a place in the stream as if it were a byte, and the kernel counts it. */
static unsigned fins_in(const struct tcp_info *info)
{
	return info->tcpi_state == TCP_CLOSE_WAIT || info->tcpi_state == TCP_LAST_ACK ||
	       info->tcpi_state == TCP_CLOSING || info->tcpi_state == TCP_TIME_WAIT;
}

static unsigned fins_out(const struct tcp_info *info)
{
	return info->tcpi_state == TCP_FIN_WAIT1 || info->tcpi_state == TCP_FIN_WAIT2 ||
	       info->tcpi_state == TCP_CLOSING || info->tcpi_state == TCP_LAST_ACK || info->tcpi_state == TCP_TIME_WAIT;
}

struct position position_of(int fd)
{
	struct position unknown = {POSITION_UNKNOWN, POSITION_UNKNOWN, false};
	struct tcp_info info;
	struct tcp_info again;
	int in_queue = 0;
	int out_queue = 0;
	int in_again = 0;
	int out_again = 0;

	for (int i = 0; i < TRIES; i++) {
		if (ask(fd, &info, &in_queue, &out_queue) < 0 || ask(fd, &again, &in_again, &out_again) < 0)
			return (struct position){POSITION_UNKNOWN, POSITION_UNKNOWN, errno == EOPNOTSUPP};
		if (info.tcpi_state == again.tcpi_state && info.tcpi_bytes_received == again.tcpi_bytes_received &&
		    in_queue == in_again && info.tcpi_bytes_acked == again.tcpi_bytes_acked && out_queue == out_again)
			return (struct position){info.tcpi_bytes_received - (unsigned)in_queue - fins_in(&info),
						 info.tcpi_bytes_acked + (unsigned)out_queue - fins_out(&info), false};
	}
	return unknown;
}
