/*
 * handoff - how a room begins, is joined and left, loses its roomd, goes on in an heir, and ends: broker/room.c, heal.c,
 * keeper.c, roomd/room.c, member.c, heir.c, in their words, for one room's name and two clients.
 *
 * Anything may happen at any moment: clients join, leave, come again, hang up; a roomd is killed (its channel
 * ends then, and a while later nothing is left of it). At the end (nothing can happen any more), whoever wants to sit in the room
 * does, whoever left is in the lobby, whoever hung up is forgotten, and without members nothing is left of the room.
 *
 * Each rule without which that does not hold can be taken away: -DWITHOUT_... (see check). All must fail then.
 */
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef AGAIN
#define AGAIN 1 /* times that client 0 comes again after it left */
#endif
#define NI 6 /* roomds in all */
/* -DALONE: client 1 never comes */
#define NONE 255
#define CLIENTS 2

mtype = { ADOPT, RESEAT, REOPEN, RETIRE, LEFT, RETURN, CLOSED, EMPTY, HEIR, RELEASE, ROOMD };
mtype = { LOBBY, WAITING, RESEATING, SEATED, GONE };                         /* client_state, and heal's list */
mtype = { SEAT_FREE, SEAT_TAKEN, SEAT_RETURNING, SEAT_GONE };                /* seat_state */

/* Channels keep what was sent when the sender has died. */
chan to_roomd[NI] = [3] of { mtype, byte, byte };   /* ADOPT client, number; REOPEN reseats; RESEAT client, member; RETIRE */
chan from_roomd[NI] = [4] of { mtype, byte, byte }; /* LEFT, RETURN, CLOSED client; EMPTY seen, last */
chan to_keeper = [4] of { mtype, byte };            /* HEIR, RELEASE roomd */
chan from_keeper = [2] of { mtype, byte, byte };    /* ROOMD roomd, heir_of */

/* The world. */
bit alive[NI];      /* something is left of the process ... */
bit ended[NI];      /* ... that does nothing any more: its end of the channel is closed */
bit recorded[NI];   /* the keeper has a record, with a duplicate of the channel and the ledger */
bit released[NI];
bit heir_wanted[NI];
byte roomds = 0;
byte crashes = 0;

/* Ledgers, one for each room: seats, by client. */
typedef Seat { mtype state = SEAT_FREE; byte number; bit departure }
typedef Ledger { Seat seat[CLIENTS]; byte seen }
Ledger ledger[NI];
byte ledger_of[NI];

/* Clients, as they see it. */
bit asks[CLIENTS];   /* `join` sent and not answered */
bit sits[CLIENTS];   /* `joined` heard, and no `left` */
bit leaves[CLIENTS]; /* `leave` sent and not answered */
bit hung_up[CLIENTS];

/* The broker. */
byte current = NONE; /* room->roomd */
byte heir_of = NONE; /* heal->heir_of */
byte heir = NONE;    /* the one that is not ready yet */
byte sent = 0;
bit vacant = 0;
mtype state[CLIENTS] = LOBBY;
byte number[CLIENTS]; /* of a client's seating: never reused */
bit member[CLIENTS];

#define anyone(s) (state[0] == s || state[1] == s)

inline start(which)
{
	assert(roomds < NI);
	alive[roomds] = 1;
	recorded[roomds] = 1;
	ledger_of[roomds] = which;
	run roomd(roomds);
	roomds++
}

/* --- roomd --- */

#define L ledger[ledger_of[me]]
/* EMPTY's second: of whom it says how it ended, and whether it was a member until then; 0: nobody. */
#define LAST(c, departure) (1 + 2 * (c) + (departure))
#define runs (alive[me] && !ended[me])
#define idle (runs && opened && said == NONE && due == 0)
#define nobody (L.seat[0].state == SEAT_FREE && L.seat[1].state == SEAT_FREE)
#define wants_away(c) (L.seat[c].state == SEAT_TAKEN && (hung_up[c] || leaves[c]))
#define to_report(c) (L.seat[c].state != SEAT_FREE && (L.seat[c].departure || L.seat[c].state != SEAT_TAKEN))

inline go_away(c)
{
	if
	:: hung_up[c] -> L.seat[c].state = SEAT_GONE
	:: else -> L.seat[c].state = SEAT_RETURNING; leaves[c] = 0; sits[c] = 0
	fi;
	L.seat[c].departure = 1
}

/* report_seat(): what is said to the broker is noted in the ledger right after, not in the same moment. Of the last one,
 * EMPTY may say all. */
inline report(c)
{
	if
	:: L.seat[c].departure -> from_roomd[me]!LEFT(c, 0)
	:: !L.seat[c].departure && L.seat[c].state == SEAT_RETURNING -> from_roomd[me]!RETURN(c, 0)
	:: !L.seat[c].departure && L.seat[c].state == SEAT_GONE -> from_roomd[me]!CLOSED(c, 0)
	:: L.seat[c].state == SEAT_GONE && L.seat[1 - c].state == SEAT_FREE && occupied ->
		from_roomd[me]!EMPTY(L.seen, LAST(c, L.seat[c].departure)); said_empty = 1; all_said = 1
	fi;
	said = c
}

inline note_said()
{
	if
	:: L.seat[said].departure && all_said -> L.seat[said].departure = 0 /* and then it is free */
	:: L.seat[said].departure && !all_said -> L.seat[said].departure = 0; said = NONE
	:: else -> L.seat[said].state = SEAT_FREE; said = NONE; all_said = 0
	fi
}

/* finish(): whom the broker does not know to sit there is forgotten. */
inline forget(c)
{
	if
	:: L.seat[c].state != SEAT_FREE && !known[c] -> L.seat[c].state = SEAT_FREE; L.seat[c].departure = 0
	:: else
	fi
}

inline finish()
{
#ifdef WITHOUT_FORGET
	skip
#else
	if
	:: due == 0 -> forget(0); forget(1)
	:: else
	fi
#endif
}

proctype roomd(byte me)
{
	byte said = NONE; /* of whom something was said and is not noted yet */
	bit all_said = 0;
	byte due = 0;     /* RESEATs */
	bit opened = (ledger_of[me] == me); /* an heir is by REOPEN */
	bit said_empty = 0;
	bit occupied = 0;
	bit known[CLIENTS];
	byte c;
	byte n;

	do
	:: atomic { idle && to_roomd[me]?[ADOPT, _, _] ->
		to_roomd[me]?ADOPT(c, n);
		assert(L.seat[c].state == SEAT_FREE);
		assert(asks[c]); /* or somebody who has left hears `joined` */
		L.seat[c].state = SEAT_TAKEN; L.seat[c].number = n;
		L.seen++; occupied = 1; said_empty = 0;
		asks[c] = 0; sits[c] = 1; c = 0; n = 0 }
	:: atomic { runs && to_roomd[me]?[REOPEN, _, _] ->
		to_roomd[me]?REOPEN(due, _);
#ifndef WITHOUT_SEEN_RESET
		L.seen = 0;
#endif
		opened = 1; occupied = 1;
		finish() }
	:: atomic { runs && to_roomd[me]?[RESEAT, _, _] ->
		to_roomd[me]?RESEAT(c, n);
		assert(due > 0);
		assert(L.seat[c].state != SEAT_FREE); /* else it is closed, for no fault of its own: member_miss() */
		known[c] = 1;
#ifndef WITHOUT_MEMBER
		if
		:: !n -> L.seat[c].departure = 0
		:: else
		fi;
#endif
		due--; c = 0; n = 0;
		finish() }
	:: atomic { idle && wants_away(0) -> go_away(0) }
	:: atomic { idle && wants_away(1) -> go_away(1) }
	:: atomic { idle && nfull(from_roomd[me]) && to_report(0) -> report(0) }
	:: atomic { idle && nfull(from_roomd[me]) && to_report(1) -> report(1) }
	:: atomic { runs && said != NONE -> note_said() }
	:: atomic { idle && nfull(from_roomd[me]) && nobody && occupied && !said_empty ->
		from_roomd[me]!EMPTY(L.seen, 0); said_empty = 1 }
	:: atomic { idle && to_roomd[me]?[RETIRE, _, _] ->
		to_roomd[me]?RETIRE(_, _);
		assert(nobody && empty(to_roomd[me]));
		ended[me] = 1 }
	:: atomic { runs && crashes < CRASHES -> crashes++; ended[me] = 1 } /* kill -9 */
	:: atomic { alive[me] && ended[me] -> alive[me] = 0; break }       /* it is reaped */
	od
}

/* --- the keeper --- */

inline settle_roomd(n)
{
	if
	:: heir_wanted[n] ->
		assert(!alive[n]); /* two processes would write one ledger */
		heir_wanted[n] = 0; recorded[n] = 0;
		from_keeper!ROOMD(roomds, n);
		start(ledger_of[n])
	:: else -> released[n] = 0; recorded[n] = 0
	fi
}

#ifdef WITHOUT_WAIT
#define settled(n) (heir_wanted[n] || (released[n] && !alive[n]))
#else
#define settled(n) ((heir_wanted[n] || released[n]) && !alive[n])
#endif

active proctype keeper()
{
	byte n;

	do
	:: atomic { to_keeper?[HEIR, _] -> to_keeper?HEIR(n); heir_wanted[n] = 1; n = 0 }
	:: atomic { to_keeper?[RELEASE, _] -> to_keeper?RELEASE(n); released[n] = 1; n = 0 }
	:: atomic { settled(0) -> settle_roomd(0) }
	:: atomic { settled(1) -> settle_roomd(1) }
	:: atomic { settled(2) -> settle_roomd(2) }
	:: atomic { settled(3) -> settle_roomd(3) }
	:: atomic { settled(4) -> settle_roomd(4) }
	:: atomic { settled(5) -> settle_roomd(5) }
	od
}

/* --- the broker --- */

inline begin_or_end()
{
	if
	:: anyone(WAITING) -> current = roomds; start(roomds); sent = 0; vacant = 0
	:: else
	fi
}

inline end_if_vacant()
{
	if
	:: vacant && !anyone(WAITING) ->
		to_roomd[current]!RETIRE(0, 0);
#ifndef WITHOUT_RELEASE
		to_keeper!RELEASE(current);
#endif
		current = NONE; vacant = 0
	:: else
	fi
}

inline join(c)
{
	state[c] = WAITING; member[c] = 1; number[c]++;
	if
	:: current == NONE && heir_of == NONE -> begin_or_end()
	:: else
	fi
}

inline adopt(c)
{
	to_roomd[current]!ADOPT(c, number[c]);
	sent++; vacant = 0; state[c] = SEATED
}

inline lose_seat(c)
{
	if
	:: state[c] == SEATED ->
#ifdef WITHOUT_DUPLICATE
		state[c] = GONE
#else
		state[c] = RESEATING
#endif
	:: else
	fi
}

inline heal_begin(lost)
{
	lose_seat(0); lose_seat(1);
	if
	:: anyone(RESEATING) -> heir_of = lost; to_keeper!HEIR(lost)
	:: else -> heir_of = NONE; to_keeper!RELEASE(lost); current = NONE; begin_or_end()
	fi
}

#ifdef WITHOUT_NUMBER
#define has_seat(c) (ledger[ledger_of[heir]].seat[c].state != SEAT_FREE)
#else
#define has_seat(c) (ledger[ledger_of[heir]].seat[c].state != SEAT_FREE && \
		     ledger[ledger_of[heir]].seat[c].number == number[c])
#endif

/* Who has no seat in the ledger was never seen there: the ADOPT was lost. */
inline find_seat(c)
{
	if
#ifdef WITHOUT_READOPT
	:: state[c] == RESEATING -> n++
#else
	:: state[c] == RESEATING && has_seat(c) -> n++
	:: state[c] == RESEATING && !has_seat(c) -> state[c] = WAITING
#endif
	:: else
	fi
}

#ifdef WITHOUT_DRAIN
#define lost(n) (n != NONE && ended[n])
#else
#define lost(n) (n != NONE && ended[n] && empty(from_roomd[n]))
#endif

active proctype broker()
{
	byte c;
	byte n;
	byte last;

	do
	:: atomic { state[0] == LOBBY && asks[0] && !hung_up[0] -> join(0) }
	:: atomic { state[1] == LOBBY && asks[1] && !hung_up[1] -> join(1) }
	:: atomic { state[0] == LOBBY && hung_up[0] -> state[0] = GONE }
	:: atomic { state[1] == LOBBY && hung_up[1] -> state[1] = GONE }
	/* room_seat(), while the channel has not ended */
	:: atomic { current != NONE && !ended[current] && state[0] == RESEATING ->
		to_roomd[current]!RESEAT(0, member[0]); state[0] = SEATED }
	:: atomic { current != NONE && !ended[current] && state[1] == RESEATING ->
		to_roomd[current]!RESEAT(1, member[1]); state[1] = SEATED }
	:: atomic { current != NONE && !ended[current] && !anyone(RESEATING) && state[0] == WAITING -> adopt(0) }
	:: atomic { current != NONE && !ended[current] && !anyone(RESEATING) && state[1] == WAITING -> adopt(1) }
	/* room_on_message() */
	:: atomic { current != NONE && from_roomd[current]?[LEFT, _, _] ->
		from_roomd[current]?LEFT(c, _);
		assert(state[c] == SEATED && member[c]);
		member[c] = 0; c = 0 }
	:: atomic { current != NONE && from_roomd[current]?[RETURN, _, _] ->
		from_roomd[current]?RETURN(c, _);
		assert(state[c] == SEATED && !member[c]);
		state[c] = LOBBY; c = 0 }
	:: atomic { current != NONE && from_roomd[current]?[CLOSED, _, _] ->
		from_roomd[current]?CLOSED(c, _);
		assert(state[c] == SEATED && !member[c]);
		state[c] = GONE; c = 0 }
	:: atomic { current != NONE && from_roomd[current]?[EMPTY, _, _] ->
		from_roomd[current]?EMPTY(n, last);
		if
		:: last ->
			c = (last - 1) / 2;
			assert(state[c] == SEATED && member[c] == (last - 1) % 2);
			member[c] = 0; state[c] = GONE; c = 0; last = 0
		:: else
		fi;
		assert(n <= sent);
		if
#ifdef WITHOUT_COUNTER
		:: true ->
#else
		:: n == sent -> assert(!anyone(SEATED));
#endif
			vacant = 1; end_if_vacant()
		:: else
		fi;
		n = 0 }
	/* the end of a channel: heal.c */
	:: atomic { lost(current) -> n = current; current = NONE; heal_begin(n); n = 0 }
	:: atomic { lost(heir) -> n = heir; heir = NONE; heal_begin(n); n = 0 }
	:: atomic { from_keeper?[ROOMD, _, _] -> from_keeper?ROOMD(heir, n); assert(n == heir_of); n = 0 }
	:: atomic { heir != NONE && !ended[heir] -> /* READY: heal_finish() */
		n = 0; find_seat(0); find_seat(1);
		current = heir; heir = NONE; heir_of = NONE; sent = 0; vacant = 0;
		to_roomd[current]!REOPEN(n, 0);
		n = 0 }
	od
}

/* --- clients --- */

proctype client(byte c; byte again)
{
	asks[c] = 1;
	do
	:: atomic { sits[c] && !leaves[c] -> leaves[c] = 1 }
	:: atomic { again > 0 && !sits[c] && !asks[c] && !leaves[c] -> again--; asks[c] = 1 }
	:: hung_up[c] = 1; break
	:: break /* it stays as it is */
	od
}

/* --- what must be so when nothing can happen any more --- */

inline expect(c)
{
	if
	:: hung_up[c] -> assert(state[c] == GONE)
	:: else ->
		assert(!asks[c] && !leaves[c]);
		if
		:: sits[c] -> assert(state[c] == SEATED && member[c] && current != NONE && alive[current] &&
				     ledger[ledger_of[current]].seat[c].state == SEAT_TAKEN)
		:: else -> assert(state[c] == LOBBY)
		fi
	fi
}

init
{
	byte i;

#ifdef ALONE
	run client(0, AGAIN);
#else
	atomic { run client(0, AGAIN); run client(1, 0) };
#endif
	timeout;
	atomic {
		expect(0);
		expect(1);
		assert(heir_of == NONE && heir == NONE);
		assert(current == NONE || anyone(SEATED)); /* an empty room is gone */
		for (i : 0 .. NI - 1) {
			assert(recorded[i] == (i == current) && alive[i] == (i == current))
		}
	}
}
