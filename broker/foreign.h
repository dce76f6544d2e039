/*
 * foreign - a room whose process or roster is of another version than this broker: an upgrade came while it went on.
 * It relays as ever, and who sits in it notices nothing; nobody can join it (`draining`), and what its roomd says is
 * not understood: who says `leave` there is disconnected instead. Process: broker. Ends:    when the ledger's front,
 * which never changes, says that nobody is left.
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "roomd.h"

/* Is it a room, of another version? (If it is none, nobody needs it.) */
bool foreign_is(const struct roomd *roomd);

/* Keeps it until it is empty. Returns false if there is no memory, or another room of its name. */
bool foreign_keep(struct broker *broker, struct roomd *roomd);

#endif
