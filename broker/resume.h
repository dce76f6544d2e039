/*
 * resume - seats that may be resumed: whose they are, and by what secret (PROTOCOL, resume).
 * Process: broker.  Owns: an index of the members that may resume, by client id.
 * Never:   keeps a secret, only its hash; compares one in a time that depends on it.
 * Fails:   whoever has no seat to resume gets `unknown-resume`, and it counts against the address like a join.
 *
 * A client in the lobby shows a secret. It is then handed to the room like one that joins, and the room's process
 * decides: RESUMED      it is the member from now on, and whose seat it was is one no more; NOT_RESUMED  the seat was
 * given up meanwhile, or its member has a newer secret already: back to the lobby. A secret is good for one use; but
 * who was lost before the next one came may use it once more. Therefore the seat's secrets are counted, and the newest
 * and the one shown last are both known here; only the room's process knows what has come.
 */
#ifndef RESUME_H
#define RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "client_message.h"
#include "ipc_messages.h"
#include "tree.h"

struct address;
struct broker;
struct client;
struct room;

#define RESUME_HASH_BYTES 32 /* SHA-256 */

/* A secret of a seat. */
struct resume_secret {
	uint64_t number; /* of the seat's, from 1; 0: there is none */
	uint8_t hash[RESUME_HASH_BYTES];
};

/* What the next broker must know of a client, too: it lies in the room's roster. */
struct resume_kept {
	uint64_t count;              /* secrets of its seat so far; 0: it may not be resumed */
	struct resume_secret newest; /* that its roomd was given for it */
	struct resume_secret shown;  /* the one it has shown, if it has its seat, or wants it, by that */
	uint32_t claims;             /* it wants a seat that is not its yet */
	uint32_t unused;
};

/* A client's part of it. */
struct resume {
	RB_ENTRY(client) link; /* in broker->resumable, if `listed` */
	bool listed;
	struct address *holder; /* whose seat it counts as, if `listed`; NULL: nobody's */
	bool wanted;            /* its `join` said so */
	uint64_t seen;          /* of one that claims: the last message that it has seen */
	struct resume_kept kept;
};

RB_HEAD(resume_tree, client);

void resume_init(struct broker *broker);

/* Lets a client of the lobby have back the seat whose secret is in the message: the client is WAITING then, as after
 * room_join(). Or sets *ret_complaint. */
void resume_claim(struct client *client, const struct client_message *message, struct complaint *ret_complaint);

/* Makes the secret that goes with the client's ADOPT; nothing if it did not ask for one. Returns false if there is no
 * seat any more for one that claims it. */
bool resume_issue(struct client *client, struct ipc_resume *ret);

/* Its roomd says that the client has the seat of its id. Returns whose it was until then: the caller lets go of it;
 * NULL if nobody's, or the client's own. */
struct client *resume_on_resumed(struct client *client);

/* A client that another broker had seated, with what is kept of it. */
void resume_inherit(struct client *client, const struct resume_kept *kept);

/* The client has no seat that may be resumed, or wants one, any more. */
void resume_forget(struct client *client);

/* Sets *complaint to the answer to a secret that is none, and counts it. */
void resume_refuse(struct client *client, struct complaint *complaint);

#endif
