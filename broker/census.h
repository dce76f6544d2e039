/*
 * census - rooms that another broker had opened: the rosters tell what they are and who is in them, the roomds who
 * really sits there, with the connections.
 * Process: broker.
 * Never:   believes a roomd that names somebody who is not in its roster; takes the answer to another broker for one to
 *          itself; lets a second room of one name be: joins wait for the count.
 * Fails:   a roomd that does not answer is killed, and its room healed.
 */
#ifndef CENSUS_H
#define CENSUS_H

#include "ipc.h"
#include "roomd.h"

/* How long a roomd may take to say who sits there. One that lives answers within milliseconds, but where all cores are
 * busy it may have to wait for one; and it relays meanwhile, so nobody but a newcomer waits. */
#define CENSUS_MS_MAX 2000

/* From the keeper: a roomd that it had started for another broker. Asks it, if it is a room's; else lets it go. */
void census_begin(struct broker *broker, const struct roomd_start *start);

/* Its channel has place: asks, if that is still to be done. */
void census_ask(struct room *room);

/* From its roomd: a connection that it has; a seat that it keeps for a member without one; and that these were all.
 * Return 0, -EPROTO if that can't be true, or -EPIPE if there is no room in that process. */
int census_on_sits(struct room *room, const struct ipc_sits *body, int fd);
int census_on_kept(struct room *room, const struct ipc_sits *body);
int census_on_counted(struct room *room, const struct ipc_counted *body);

/* It has not answered in time. */
void census_on_silence(struct room *room);

/* Its roomd is lost: who was not counted is gone. */
void census_cancel(struct room *room);

#endif
