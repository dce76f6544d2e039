/*
 * process_fds - the descriptors that a process finds open when the keeper starts it.
 * Process: keeper (places them), broker and roomd (find them).
 */
#ifndef PROCESS_FDS_H
#define PROCESS_FDS_H

#define BROKER_FD_KEEPER 3 /* the channel to the keeper */

#define ROOMD_FD_CHANNEL 3 /* the channel to the broker */
#define ROOMD_FD_LEDGER 4  /* the room's memory file */

#endif
