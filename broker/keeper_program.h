/*
 * keeper_program - a roomd program, and the zygote that makes roomds of it (roomd/zygote.h). A room's heirs are made of
 * the one that it began with: its ledger is theirs to read.
 * Process: keeper.  Owns: the zygote.
 * Never:   waits for a zygote longer than ZYGOTE_PATIENCE_MS, ZYGOTE_START_MS for its first answer: one that does not
 *          answer is replaced.
 */
#ifndef KEEPER_PROGRAM_H
#define KEEPER_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

/* It answers within a millisecond, on a machine that has one to spare; one that somebody has stopped is noticed sooner.
 */
#define ZYGOTE_PATIENCE_MS 2000

/* Its first answer comes when it has been executed and linked, which takes a machine that is busy enough seconds. To
 * replace it then would be to begin anew, and no other would come further. */
#define ZYGOTE_START_MS 16000

struct keeper_program {
	int fd; /* our own duplicate */
	unsigned users;
	pid_t zygote; /* 0: there is none */
	int channel;  /* to it */
	unsigned made;
	LIST_ENTRY(keeper_program) link;
};

/* Has one user, the caller; `fd` stays its own. Its zygote is started, too; if it can't be, a later make tries again.
 * Returns NULL without memory or descriptors. */
struct keeper_program *keeper_program_new(int fd);

/* One user less; the last closes it, and its zygote has ended when this returns. */
void keeper_program_put(struct keeper_program *program);

/* The same of the user who had fresh roomds made of it: from now on it makes heirs alone, and has a zygote only when it
 * does. */
void keeper_program_supersede(struct keeper_program *program);

/* Makes a roomd, our child, with this end of its channel, which stays the caller's. Returns its pid or -errno. */
pid_t keeper_program_make(struct keeper_program *program, int channel);

/* From waitid(2): what has become of a child. Returns whether it is a zygote; that one is not asked any more. */
bool keeper_program_on_child(const siginfo_t *info);

/* Has another zygote: what was made so far and what is made from now on have nothing in common but their program. */
void keeper_program_renew(struct keeper_program *program);

/* No zygote of any program is left when this returns. */
void keeper_programs_rest(void);

#endif
