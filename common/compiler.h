/*
 * compiler - what C has no word for.
 * Process: all.
 */
#ifndef COMPILER_H
#define COMPILER_H

/* Of a large buffer on a hot path that is never read before it is written: everything else is zeroed where it is
 * declared (-ftrivial-auto-var-init=zero), and here that would cost more than the work. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#endif
#endif
#ifndef UNINITIALIZED
#define UNINITIALIZED
#endif

/* Of what is done so seldom that it must not make the function around it slower. */
#define SELDOM __attribute__((noinline, cold))

#endif
