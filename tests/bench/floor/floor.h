/*
 * floor - the processes of bench_floor.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

/* Serves until told to stop by a signal. */
int broker_run(int listener, int zygote);

/* Forks a room for every packet: a client and the room's end of its channel. Ends with its channel. */
int zygote_run(int channel, bool unmask);

/* Serves a room until it is empty. */
int room_run(int client, int channel, bool unmask);

/* One packet of one byte with n (1 or 2) descriptors; they stay open here. 0 or -errno. */
int fds_send(int channel, const int *fds, unsigned n);
/* Returns how many came, 0 at the channel's end, -errno. */
int fds_receive(int channel, int fds[2]);

#endif
