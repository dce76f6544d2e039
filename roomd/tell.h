/*
 * tell - what members are told of each other, and what they say to each other.
 * Process: roomd.
 *
 * What goes to several is told seat by seat, and the ledger says how far that has come (enum cursor): an heir tells the
 * rest of what became of a member, and nobody twice. A signal that was half handed on is sent again by its sender, if
 * that may resume, and is then handed to the rest.
 */
#ifndef TELL_H
#define TELL_H

#include "room.h"

/* Says `parts` to the member in seat `to`, or to all members but `from`, because of the message of `from` that is in
 * work. */
void tell_one(struct room *room, unsigned from, unsigned to, const struct iovec *parts, int part_count);
void tell_others(struct room *room, unsigned from, const struct iovec *parts, int part_count);

/* Says to everyone who is not told yet what has become of a member (seat->news). */
void tell_news(struct room *room, unsigned seat);

/* Says to a member that it has joined, and who is there; all others are told. */
void tell_joined(struct room *room, unsigned seat, const struct ipc_resume *resume);

/* Says to a member that it has its seat again, and all that it missed. */
void tell_resumed(struct room *room, unsigned seat, const struct ipc_resume *resume);

#endif
