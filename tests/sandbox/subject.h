/*
 * subject - the sandbox under test, and a way to be in it for a moment: in a child, which does one thing.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdint.h>

#include "../unit/unit.h"
#include "sandbox_layers.h"

/* Whose sandbox it is. */
enum subject { SUBJECT_BROKER = 1 << 0, SUBJECT_ZYGOTE = 1 << 1, SUBJECT_ROOMD = 1 << 2 };

/* Of each: subject_broker.c, subject_zygote.c, subject_roomd.c. */
extern const enum subject subject;
extern const long subject_allowed[]; /* calls that must not kill, whatever their arguments; ends with -1 */
uint32_t subject_enter(uint32_t layers);

/* What an action returns: an errno, or 0. What became of a child is that; or, by what killed it, one of these. */
#define DIED_OF(signal) (1000 + (signal))

/* Forks; the child becomes a user without rights, does `before` (may be NULL), enters `layers`, does `action`, and
 * ends. `argument` is for both. */
int subject_do(uint32_t layers, void (*before)(long argument), int (*action)(long argument), long argument);

/* For actions: 0, or errno if `result` is -1. */
int outcome(long result);

/* A neighbour: a child of the same user, which has entered `layers` and waits for its end. */
int neighbour_start(uint32_t layers);
void neighbour_end(int pid);

/* The tests of each file. */
extern const struct CMUnitTest call_tests[], layer_tests[], way_out_tests[];
extern const size_t call_test_count, layer_test_count, way_out_test_count;

#endif
