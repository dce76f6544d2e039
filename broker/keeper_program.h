/*
 * keeper_program - a roomd program. A room's heirs are made of the one that it began with: its ledger is theirs to
 * read. Process: keeper.
 */
#ifndef KEEPER_PROGRAM_H
#define KEEPER_PROGRAM_H

struct keeper_program {
	int fd; /* our own duplicate */
	unsigned users;
};

/* Has one user, the caller; `fd` stays its own. Returns NULL without memory or descriptors. */
struct keeper_program *keeper_program_new(int fd);

/* One user less; the last closes it. */
void keeper_program_put(struct keeper_program *program);

#endif
