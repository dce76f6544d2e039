/*
 * process_fds - the descriptors that a process finds open when the keeper starts it.
 * Process: keeper (places them), broker, zygote and roomd (find them).
 */
#ifndef PROCESS_FDS_H
#define PROCESS_FDS_H

#define BROKER_FD_KEEPER 3 /* the channel to the keeper */

#define ZYGOTE_FD_KEEPER 3 /* the channel to the keeper */
#define ROOMD_FD_CHANNEL 4 /* the channel to the broker: where the zygote gets it from the keeper */

#endif
