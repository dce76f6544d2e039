/*
 * restart - how rooms outlive their broker: broker/census.c, roster.c, handover.c, room.c, heal.c, keeper.c,
 * keeper_roomd.c, roomd/room.c, member.c, heir.c, in their words, for one room's name and two clients.
 *
 * A broker may die between any two of its steps, a roomd at any moment, both together; or a broker hands over to the
 * next. Connections are counted by the descriptors of them that anybody holds, in a process or on its way in a channel:
 * with the last, the connection ends. That may happen to whoever is in no room when a broker dies, and to members whose
 * roomd dies while no broker has their descriptors; to nobody else. At the end (nothing can happen any more), whoever
 * sits in the room is known to the broker there and in the roster, and to the other one; nobody else is; nothing is
 * left of a room without members. And meanwhile no assert() of any process fails, no roomd is found to misbehave, and no
 * second room has the name.
 *
 * Each rule without which that does not hold can be taken away: -DWITHOUT_... (see check). All must fail then.
 */
#ifndef DEATHS
#define DEATHS 1 /* of brokers */
#endif
#ifndef CRASHES
#define CRASHES 1 /* of roomds */
#endif
#ifndef HANDOVERS
#define HANDOVERS 0
#endif
#ifndef AGAIN
#define AGAIN 0 /* times that client 0 comes again after it left */
#endif
#ifndef STAYING
#define STAYING 0 /* clients that neither leave nor hang up: none, client 1, or both */
#endif
/* -DALONE: client 1 never comes */
#define NI 3 /* roomds at a time */
#define NONE 255
#define CLIENTS 2

mtype = { OPEN, ADOPT, RESEAT, REOPEN, CENSUS, RETIRE, LEFT, RETURN, CLOSED, EMPTY, SITS, COUNTED };
mtype = { IDLE, LAST_CLOSED, RELEASE }; /* with OPEN, ADOPT, RETIRE, RETURN, CLOSED, EMPTY: broker's steps */
mtype = { NEW, LOBBY, WAITING, RESEATING, SEATED, GONE };     /* client_state, and heal's list */
mtype = { SEAT_FREE, SEAT_TAKEN, SEAT_RETURNING, SEAT_GONE }; /* seat_state */

/* Channels keep what was sent when the sender has died; the keeper keeps them when the broker has. */
chan to_roomd[NI] = [8] of { mtype, byte, byte };         /* ADOPT client, number; REOPEN reseats; RESEAT client, member;
							     CENSUS number */
chan from_roomd[NI] = [5] of { mtype, byte, byte, byte }; /* LEFT, RETURN, CLOSED client; EMPTY seen, last; SITS
							     client, member, number; COUNTED seen, open and used, number */

/* What is left of place is for CENSUSes. */
#define takes(channel) (len(channel) < 5)

/* The world. */
bit alive[NI];       /* something is left of the process ... */
bit ended[NI];       /* ... that does nothing any more: its end of the channel is closed */
bit recorded[NI];    /* the keeper has a record, with a duplicate of the channel and the memory files */
bit released[NI];
bit heir_wanted[NI];
bit held[NI];        /* the broker has the channel, too */

/* The rooms' memory files: seats, by client; and the roster. */
typedef Seat { mtype state = SEAT_FREE; byte number; bit departure }
typedef Ledger { Seat seat[CLIENTS]; byte seen }
typedef Roster { bit open; byte who[CLIENTS] } /* client + 1; 0: the entry is free */
Ledger ledger[NI];
Roster roster[NI];

/* Clients, as they see it. */
bit asks[CLIENTS];   /* `join` sent and not answered */
bit sits[CLIENTS];   /* `joined` heard, and no `left` */
bit leaves[CLIENTS]; /* `leave` sent and not answered */
bit sees[CLIENTS];   /* the other one is in the room, as far as it was told */
bit hung_up[CLIENTS];
bit reset[CLIENTS];

/* Their connections: descriptors, wherever they are, and who has them. */
byte fds[CLIENTS];
byte in_roomd[CLIENTS] = NONE;
bit in_broker[CLIENTS];
bit given[CLIENTS]; /* in the next broker, or on its way there */
bit may_end[CLIENTS];

/* The broker. */
bit serving = 0;
byte census = 0;     /* a number that no broker before it had */
byte current = NONE; /* room->roomd */
byte heir_of = NONE; /* heal->heir_of */
byte heir = NONE;    /* the one that is not ready yet */
bit counting = 0;
bit inherited = 0;
byte sent = 0;
bit vacant = 0;
mtype state[CLIENTS] = NEW;
bit member[CLIENTS];
byte entry[CLIENTS];  /* client->roster_entry */
byte number[CLIENTS]; /* of a client's seating: never reused, not by another broker either */
mtype step = IDLE;    /* it is in the middle of this ... */
byte arg = 0;         /* ... for this client or roomd */
byte seen = 0;        /* ... with this, of EMPTY */
byte due = NONE;      /* a RELEASE that the channel to the keeper did not take yet */
bit giving = 0;
bit taker_lost = 0;
bit leaving = 0;     /* a broker that has handed over is still there */

#define anyone(s) (state[0] == s || state[1] == s)

/* One of two, or of three, of which any may be. (Spin has no room for such arguments of an inline.) */
#define CHOOSE(n, is) if :: is(0) -> n = 0 :: is(1) -> n = 1 fi
#define CHOOSE_OF_THREE(n, is) if :: is(0) -> n = 0 :: is(1) -> n = 1 :: is(2) -> n = 2 fi

/* --- connections --- */

inline close_fd(who)
{
	fds[who]--;
	if
	:: fds[who] == 0 && !hung_up[who] ->
		assert(may_end[who]);
		reset[who] = 1;
		asks[who] = 0; sits[who] = 0; leaves[who] = 0
	:: else
	fi
}

inline close_in_broker(who)
{
	if
	:: in_broker[who] -> in_broker[who] = 0; close_fd(who)
	:: else
	fi
}

inline close_in_roomd(which, who)
{
	if
	:: in_roomd[who] == which -> in_roomd[who] = NONE; close_fd(who)
	:: else
	fi
}

#ifdef WITHOUT_DESCRIPTOR
#define carries 0
#else
#define carries 1
#endif

/* Of a channel that has ended at the reader's side: what lies there goes, with its descriptors. */
inline drop_to_roomd(which)
{
	do
	:: len(to_roomd[which]) > 0 ->
		to_roomd[which]?kind(dropped, _);
		if
		:: kind == ADOPT || kind == RESEAT -> close_fd(dropped)
		:: else
		fi
	:: else -> break
	od;
	kind = 0; dropped = 0
}

inline drop_from_roomd(which)
{
	do
	:: len(from_roomd[which]) > 0 ->
		from_roomd[which]?kind(dropped, _, _);
		if
		:: kind == SITS || (kind == RETURN && carries) -> close_fd(dropped)
		:: else
		fi
	:: else -> break
	od;
	kind = 0; dropped = 0
}

/* --- roomd --- */

#define L ledger[me]
/* EMPTY's second: of whom it says how it ended, and whether it was a member until then; 0: nobody. */
#define LAST(c, departure) (1 + 2 * (c) + (departure))
#define runs (alive[me] && !ended[me])
#define ready (runs && said == NONE && due_here == 0)
#define idle (ready && opened)
#define nobody (L.seat[0].state == SEAT_FREE && L.seat[1].state == SEAT_FREE)
#define wants_away(c) (L.seat[c].state == SEAT_TAKEN && (hung_up[c] || leaves[c]))
#define to_report(c) (L.seat[c].state != SEAT_FREE && (L.seat[c].departure || L.seat[c].state != SEAT_TAKEN))
#ifdef WITHOUT_REPORTING_FIRST
#define all_reported true
#else
#define all_reported (!opened || (!to_report(0) && !to_report(1)))
#endif
#define orphaned (released[me] && !held[me] && len(to_roomd[me]) == 0)

/* room_on_departure() */
inline tell(c)
{
	sits[c] = 0; sees[c] = 0;
	if
	:: L.seat[1 - c].state == SEAT_TAKEN -> sees[1 - c] = 0
	:: else
	fi
}

inline go_away(c)
{
	if
	:: hung_up[c] -> L.seat[c].state = SEAT_GONE; close_in_roomd(me, c)
	:: else -> L.seat[c].state = SEAT_RETURNING; leaves[c] = 0
	fi;
	L.seat[c].departure = 1;
	tell(c)
}

/* report_seat(): what is said to the broker is noted in the ledger right after, not in the same moment. Of the last one,
 * EMPTY may say all. */
inline report(c)
{
	if
	:: L.seat[c].departure -> from_roomd[me]!LEFT(c, 0, 0)
	:: !L.seat[c].departure && L.seat[c].state == SEAT_RETURNING ->
		fds[c] = fds[c] + carries;
		from_roomd[me]!RETURN(c, 0, 0)
	:: !L.seat[c].departure && L.seat[c].state == SEAT_GONE -> from_roomd[me]!CLOSED(c, 0, 0)
	:: L.seat[c].state == SEAT_GONE && L.seat[1 - c].state == SEAT_FREE && occupied && !asked ->
		from_roomd[me]!EMPTY(L.seen, LAST(c, L.seat[c].departure), 0); said_empty = 1; all_said = 1
	fi;
	said = c
}

inline note_said()
{
	if
	:: L.seat[said].departure && all_said -> L.seat[said].departure = 0 /* and then it is free */
	:: L.seat[said].departure && !all_said -> L.seat[said].departure = 0; said = NONE
	:: else -> L.seat[said].state = SEAT_FREE; close_in_roomd(me, said); said = NONE; all_said = 0
	fi
}

/* heir.c, finish(): whom the broker does not know to sit there is forgotten; the other is told, if it was not. */
inline forget(c)
{
	if
	:: L.seat[c].state != SEAT_FREE && !known[c] ->
#ifndef WITHOUT_TELLING
		if
		:: L.seat[c].state == SEAT_TAKEN ->
			L.seat[c].state = SEAT_GONE;
			if
			:: L.seat[1 - c].state == SEAT_TAKEN -> sees[1 - c] = 0
			:: else
			fi
		:: else
		fi;
#endif
		L.seat[c].state = SEAT_FREE; L.seat[c].departure = 0
	:: else
	fi
}

inline finish()
{
	if
	:: due_here == 0 -> forget(0); forget(1)
	:: else
	fi
}

/* count() */
inline count()
{
	if
	:: counted < CLIENTS && (L.seat[counted].state == SEAT_FREE || L.seat[counted].state == SEAT_GONE || !opened) ->
		counted++
	:: counted < CLIENTS && opened && L.seat[counted].state != SEAT_FREE && L.seat[counted].state != SEAT_GONE ->
		fds[counted]++;
		from_roomd[me]!SITS(counted, L.seat[counted].state == SEAT_TAKEN, asked);
		counted++
	:: counted == CLIENTS ->
		from_roomd[me]!COUNTED(L.seen, (opened -> 1 + 2 * (!nobody) : 0), asked);
#ifndef WITHOUT_SAID_EMPTY
		said_empty = opened && nobody;
#endif
		asked = 0; counted = 0
	fi
}

proctype roomd(byte me)
{
	byte said = NONE;  /* of whom something was said and is not noted yet */
	bit all_said = 0;
	byte due_here = 0; /* RESEATs */
	bit opened = 0;
	bit said_empty = 0;
	bit occupied = 0;
	bit known[CLIENTS];
	byte asked = 0; /* CENSUS */
	byte counted = 0;
	byte c;
	byte n;

	do
	:: atomic { ready && to_roomd[me]?[OPEN, _, _] -> to_roomd[me]?OPEN(_, _); opened = 1 }
	:: atomic { idle && to_roomd[me]?[ADOPT, _, _] ->
		to_roomd[me]?ADOPT(c, n);
		assert(L.seat[c].state == SEAT_FREE);
		assert(asks[c] || hung_up[c]); /* or somebody who has left hears `joined` */
		L.seat[c].state = SEAT_TAKEN; L.seat[c].number = n;
		in_roomd[c] = me;
		L.seen++; occupied = 1; said_empty = 0;
		asks[c] = 0; sits[c] = 1;
		if
		:: L.seat[1 - c].state == SEAT_TAKEN -> sees[c] = 1; sees[1 - c] = 1
		:: else -> sees[c] = 0
		fi;
		c = 0; n = 0 }
	:: atomic { ready && to_roomd[me]?[REOPEN, _, _] ->
		to_roomd[me]?REOPEN(due_here, _);
		L.seen = 0;
		opened = 1; occupied = 1;
		finish() }
	:: atomic { runs && to_roomd[me]?[RESEAT, _, _] ->
		to_roomd[me]?RESEAT(c, n);
		assert(due_here > 0);
		assert(L.seat[c].state != SEAT_FREE); /* else it is closed, for no fault of its own: member_miss() */
		known[c] = 1;
		if
		:: !n -> L.seat[c].departure = 0
		:: else
		fi;
		if
		:: L.seat[c].state == SEAT_GONE -> close_fd(c)
		:: else -> in_roomd[c] = me
		fi;
		due_here--; c = 0; n = 0;
		finish() }
	:: atomic { runs && said == NONE && to_roomd[me]?[CENSUS, _, _] ->
		to_roomd[me]?CENSUS(asked, _);
		counted = 0; said_empty = 0;
#ifndef WITHOUT_GIVING_UP
		if
		:: due_here > 0 -> due_here = 0; finish()
		:: else
		fi
#endif
		}
	:: atomic { idle && (wants_away(0) || wants_away(1)) ->
		CHOOSE(c, wants_away);
		go_away(c); c = 0 }
	:: atomic { idle && takes(from_roomd[me]) && (to_report(0) || to_report(1)) ->
		CHOOSE(c, to_report);
		report(c); c = 0 }
	:: atomic { runs && said != NONE -> note_said() }
	/* After that, nothing that is said of a seat contradicts the count. */
	:: atomic { ready && asked && takes(from_roomd[me]) && all_reported -> count() }
	:: atomic { idle && !asked && takes(from_roomd[me]) && nobody && occupied && !said_empty ->
		assert(!(to_roomd[me]??[RETIRE, _, _])); /* or it is found to misbehave */
		from_roomd[me]!EMPTY(L.seen, 0, 0); said_empty = 1 }
	:: atomic { idle && to_roomd[me]?[RETIRE, _, _] ->
		to_roomd[me]?RETIRE(_, _);
		assert(nobody && empty(to_roomd[me]));
		held[me] = 0; ended[me] = 1 }
	:: atomic { ready && orphaned ->
		/* on_orphaned(): everyone would be closed with 1001 */
		assert(in_roomd[0] != me && in_roomd[1] != me);
		ended[me] = 1 }
	:: atomic { alive[me] && ended[me] -> /* it is reaped */
		alive[me] = 0;
		said = NONE; all_said = 0; due_here = 0; opened = 0; said_empty = 0; occupied = 0; asked = 0; counted = 0;
		known[0] = 0; known[1] = 0; c = 0; n = 0 }
	od
}

/* --- the keeper --- */

#define free_place (!recorded[0] || !recorded[1] || !recorded[2])

inline find_place(n)
{
	if
	:: !recorded[0] -> n = 0
	:: recorded[0] && !recorded[1] -> n = 1
	:: recorded[0] && recorded[1] -> n = 2
	fi
}

inline start(n)
{
	assert(!recorded[n] && !alive[n] && empty(to_roomd[n]) && empty(from_roomd[n]));
	alive[n] = 1; ended[n] = 0; recorded[n] = 1; released[n] = 0; held[n] = 1
}

inline forget_seat(n, c)
{
	ledger[n].seat[c].state = SEAT_FREE; ledger[n].seat[c].number = 0; ledger[n].seat[c].departure = 0;
	roster[n].who[c] = 0
}

inline bury(n)
{
	assert(!held[n] && !alive[n]);
	drop_from_roomd(n);
	forget_seat(n, 0); forget_seat(n, 1);
	ledger[n].seen = 0; roster[n].open = 0;
	recorded[n] = 0; released[n] = 0; ended[n] = 0; heir_wanted[n] = 0
}

inline leave_seat(from, to, c)
{
	ledger[to].seat[c].state = ledger[from].seat[c].state;
	ledger[to].seat[c].number = ledger[from].seat[c].number;
	ledger[to].seat[c].departure = ledger[from].seat[c].departure;
	roster[to].who[c] = roster[from].who[c]
}

/* settle_dead() */
inline settle_roomd(n)
{
	if
	:: serving && heir_wanted[n] ->
		find_place(other);
		start(other);
		leave_seat(n, other, 0); leave_seat(n, other, 1);
		ledger[other].seen = ledger[n].seen; roster[other].open = roster[n].open;
		assert(heir_of == n);
		heir = other;
		other = 0
	:: else
	fi;
	bury(n)
}

/* While there is no broker, nobody is left to have an heir for. */
#define settled(n) (recorded[n] && !alive[n] && (heir_wanted[n] -> free_place : (released[n] || !serving)))

active proctype keeper()
{
	byte n;
	byte other;
	byte dropped;
	mtype kind;

	do
	:: atomic { settled(0) || settled(1) || settled(2) ->
		CHOOSE_OF_THREE(n, settled);
		settle_roomd(n); n = 0 }
	od
}

/* --- the broker --- */

inline release(n)
{
	if
	:: due != NONE -> released[due] = 1; due = NONE
	:: else
	fi;
	if
	:: released[n] = 1
	:: due = n
	fi
}

inline room_leave(c)
{
	if
	:: entry[c] && current != NONE -> roster[current].who[entry[c] - 1] = 0
	:: else
	fi;
	entry[c] = 0; member[c] = 0
}

inline client_end(c)
{
	close_in_broker(c); state[c] = GONE
}

inline end_if_vacant()
{
	if
	:: vacant && !anyone(WAITING) ->
		vacant = 0; arg = current;
#ifndef WITHOUT_CLOSING
		roster[current].open = 0;
#endif
		step = RETIRE
	:: else
	fi
}

inline lose_seat(c)
{
	if
	:: counting && state[c] == SEATED && !in_broker[c] -> entry[c] = 0; member[c] = 0; state[c] = GONE
	:: !(counting && !in_broker[c]) && state[c] == SEATED -> state[c] = RESEATING
	:: else
	fi
}

inline heal_begin(lost)
{
	lose_seat(0); lose_seat(1);
	counting = 0;
	held[lost] = 0;
	if
	:: anyone(RESEATING) -> heir_of = lost; heir_wanted[lost] = 1
	:: else ->
		heir_of = NONE; inherited = 0;
#ifndef WITHOUT_CLOSING
		roster[lost].open = 0;
#endif
		release(lost)
	fi
}

#define has_seat(c) (ledger[heir].seat[c].state != SEAT_FREE && ledger[heir].seat[c].number == number[c])

/* Who has no seat in the ledger was never seen there: the ADOPT was lost. */
inline find_seat(c)
{
	if
	:: state[c] == RESEATING && has_seat(c) -> n++
	:: state[c] == RESEATING && !has_seat(c) ->
#ifdef WITHOUT_LEAVING_THE_ROSTER
		skip;
#else
		room_leave(c); member[c] = 1;
#endif
		state[c] = WAITING
	:: else
	fi
}

inline prune(e)
{
	if
	:: roster[current].who[e] && state[roster[current].who[e] - 1] != RESEATING -> roster[current].who[e] = 0
	:: else
	fi
}

inline roster_enter(c)
{
	if
	:: entry[c] -> skip
	:: !entry[c] && roster[current].who[0] == 0 -> entry[c] = 1
	:: !entry[c] && roster[current].who[0] && roster[current].who[1] == 0 -> entry[c] = 2
	:: else -> assert(false) /* there are more entries than members */
	fi;
	roster[current].who[entry[c] - 1] = c + 1
}

inline send_adopt(c)
{
	if
	:: ended[current] -> /* EPIPE */
#ifndef WITHOUT_LEAVING_THE_ROSTER
		room_leave(c); member[c] = 1
#else
		skip
#endif
	:: else ->
		fds[c]++;
		to_roomd[current]!ADOPT(c, number[c]);
		sent++; vacant = 0; state[c] = SEATED
	fi
}

inline on_sits(c)
{
	if
#ifndef WITHOUT_CENSUS_NUMBER
	:: n != census -> close_fd(c) /* somebody else had asked */
	:: n == census && state[c] == SEATED && !in_broker[c] ->
#else
	:: state[c] == SEATED && !in_broker[c] ->
#endif
		in_broker[c] = 1; may_end[c] = 0;
		member[c] = member[c] && m
	:: else -> close_fd(c); assert(!m)
	fi
}

inline drop_uncounted(c)
{
	if
#ifndef WITHOUT_DROPPING
	:: state[c] == SEATED && !in_broker[c] -> room_leave(c); state[c] = GONE
#endif
	:: else
	fi
}

inline on_counted()
{
	if
	:: m == 0 -> n = current; current = NONE; heal_begin(n)
	:: else ->
		drop_uncounted(0); drop_uncounted(1);
		counting = 0; sent = c;
		vacant = (m == 1 && !anyone(SEATED));
		assert(m != 1 || !anyone(SEATED));
		end_if_vacant()
	fi
}

inline inherit_client(which, e)
{
	if
	:: roster[which].who[e] ->
		c = roster[which].who[e] - 1;
		assert(state[c] != SEATED); /* it would be counted twice */
		state[c] = SEATED; member[c] = 1; entry[c] = e + 1; c = 0
	:: else
	fi
}

/* census_begin() */
inline inherit(which)
{
	if
	:: recorded[which] && !released[which] && !held[which] && roster[which].open && current == NONE ->
		current = which; held[which] = 1; counting = 1; inherited = 1;
		inherit_client(which, 0); inherit_client(which, 1);
		if
		:: !ended[which] -> to_roomd[which]!CENSUS(census, 0)
		:: else
		fi
	:: recorded[which] && !released[which] && !held[which] && !(roster[which].open && current == NONE) ->
		released[which] = 1
	:: else
	fi
}

inline take_given(c)
{
	if
	:: given[c] -> given[c] = 0; in_broker[c] = 1; state[c] = LOBBY
	:: else
	fi
}

#define in_order (serving && step == IDLE)
#define has_room (in_order && current != NONE)
#define open_room (has_room && !counting && !ended[current])
#define nothing_dead (!(recorded[0] && !alive[0]) && !(recorded[1] && !alive[1]) && !(recorded[2] && !alive[2]))

#ifdef WITHOUT_DRAIN
#define lost(n) (n != NONE && ended[n])
#else
#define lost(n) (n != NONE && ended[n] && len(from_roomd[n]) == 0)
#endif

#ifdef WITHOUT_SEATING_FIRST
#define on_the_way false
#else
#define on_the_way (anyone(WAITING) || anyone(RESEATING))
#endif

#ifdef WITHOUT_WAITING
#define may_seat serving
#else
#define may_seat (serving && !counting)
#endif

#define comes(c) (state[c] == NEW && asks[c])
#define joins(c) (state[c] == LOBBY && asks[c] && !hung_up[c])
#define ends(c) (state[c] == LOBBY && hung_up[c])
#define waits(c) (state[c] == WAITING)
#define reseats(c) (state[c] == RESEATING)
#define is_given(c) (state[c] == LOBBY && !hung_up[c])

#ifdef WITHOUT_ROSTER_BEFORE
#define begin_adopt(c) send_adopt(c)
#define end_adopt(c) roster_enter(c)
#else
#define begin_adopt(c) roster_enter(c)
#define end_adopt(c) send_adopt(c)
#endif

inline give(c)
{
	state[c] = GONE; in_broker[c] = 0;
	if
	:: taker_lost -> may_end[c] = 1; close_fd(c)
	:: else -> given[c] = 1
	fi
}

/* A broker's end, whatever it was about: what only it had is lost, and the keeper has all else. */
inline forget_client(c)
{
	close_in_broker(c);
	member[c] = 0; entry[c] = 0;
	if
	:: state[c] != NEW -> state[c] = GONE
	:: else
	fi
}

inline forget_all()
{
	forget_client(0); forget_client(1);
	held[0] = 0; held[1] = 0; held[2] = 0;
#ifdef WITHOUT_DUPLICATE
	released[0] = recorded[0]; released[1] = recorded[1]; released[2] = recorded[2];
#endif
	heir_wanted[0] = 0; heir_wanted[1] = 0; heir_wanted[2] = 0;
	current = NONE; heir_of = NONE; heir = NONE; counting = 0; inherited = 0; sent = 0; vacant = 0;
	step = IDLE; arg = 0; seen = 0; due = NONE; giving = 0; taker_lost = 0; serving = 0
}

active proctype broker()
{
	byte c;
	byte m;
	byte n;
	bit inherit_due = 0;

	do
	/* ROOMDs that it inherits, LOBBYs, INHERITED, and what has to wait until the keeper is done with the dead. */
	:: atomic { !serving && nothing_dead ->
		census++;
#ifdef WITHOUT_INHERITED
		inherit_due = 1;
#else
		inherit(0); inherit(1); inherit(2);
#endif
		take_given(0); take_given(1);
		serving = 1 }
#ifdef WITHOUT_INHERITED
	:: atomic { in_order && inherit_due && nothing_dead -> inherit(0); inherit(1); inherit(2); inherit_due = 0 }
#endif
	:: atomic { in_order && !giving && (comes(0) || comes(1)) ->
		CHOOSE(c, comes);
		state[c] = LOBBY; fds[c] = 1; in_broker[c] = 1; c = 0 }
	:: atomic { in_order && (joins(0) || joins(1)) ->
		CHOOSE(c, joins);
		state[c] = WAITING; member[c] = 1; number[c]++; c = 0 }
	:: atomic { in_order && (ends(0) || ends(1)) ->
		CHOOSE(c, ends);
		client_end(c); c = 0 }
	/* room_seat() */
	:: atomic { open_room && takes(to_roomd[current]) && anyone(RESEATING) ->
		CHOOSE(c, reseats);
		fds[c]++; to_roomd[current]!RESEAT(c, member[c]); state[c] = SEATED; c = 0 }
	:: atomic { has_room && may_seat && takes(to_roomd[current]) && !anyone(RESEATING) && anyone(WAITING) ->
		CHOOSE(c, waits);
		begin_adopt(c); arg = c; step = ADOPT; c = 0 }
	:: atomic { serving && step == ADOPT && (takes(to_roomd[current]) || ended[current]) ->
		end_adopt(arg); step = IDLE; arg = 0 }
	/* a fresh one, from the pool: room_on_roomd() */
	:: atomic { in_order && current == NONE && heir_of == NONE && anyone(WAITING) && free_place ->
		assert(in_roomd[0] == NONE && in_roomd[1] == NONE); /* no second room of the name */
		find_place(n); start(n);
		current = n; sent = 0; vacant = 1; inherited = 0;
		roster[n].open = 1; n = 0;
		step = OPEN }
	:: atomic { serving && step == OPEN ->
		if
		:: !ended[current] -> to_roomd[current]!OPEN(0, 0)
		:: else
		fi;
		step = IDLE }
	/* room_on_message() */
	:: atomic { has_room && from_roomd[current]?[LEFT, _, _, _] ->
		from_roomd[current]?LEFT(c, _, _);
		assert(state[c] == SEATED && member[c]);
		member[c] = 0; c = 0 }
	:: atomic { has_room && from_roomd[current]?[RETURN, _, _, _] ->
		from_roomd[current]?RETURN(c, _, _);
		if
		:: state[c] == SEATED ->
			assert(counting || !member[c]);
			if
			:: !carries
			:: carries && in_broker[c] -> close_fd(c)
			:: carries && !in_broker[c] -> in_broker[c] = 1; may_end[c] = 0
			fi;
			arg = c; step = RETURN
		:: else ->
			assert(inherited);
			if
			:: carries -> close_fd(c)
			:: else
			fi
		fi;
		c = 0 }
	:: atomic { serving && step == RETURN -> room_leave(arg); state[arg] = LOBBY; step = IDLE; arg = 0 }
	:: atomic { has_room && from_roomd[current]?[CLOSED, _, _, _] ->
		from_roomd[current]?CLOSED(c, _, _);
		if
		:: state[c] == SEATED -> assert(counting || !member[c]); arg = c; step = CLOSED
		:: else -> assert(inherited)
		fi;
		c = 0 }
	:: atomic { serving && step == CLOSED -> room_leave(arg); client_end(arg); step = IDLE; arg = 0 }
	:: atomic { has_room && from_roomd[current]?[EMPTY, _, _, _] ->
		from_roomd[current]?EMPTY(seen, m, _);
		step = EMPTY;
		if
		:: m ->
			c = (m - 1) / 2;
			if
			:: state[c] == SEATED ->
				assert(member[c] == (m - 1) % 2 || (counting && member[c]));
				member[c] = 0; arg = c; step = LAST_CLOSED
			:: else -> assert(inherited && (m - 1) % 2 == 0)
			fi
		:: else
		fi;
		c = 0; m = 0 }
	:: atomic { serving && step == LAST_CLOSED -> room_leave(arg); client_end(arg); step = EMPTY; arg = 0 }
	:: atomic { serving && step == EMPTY ->
		step = IDLE;
		if
		:: counting /* it will say so again */
		:: else ->
			assert(seen <= sent);
			if
			:: seen == sent -> assert(!anyone(SEATED)); vacant = 1; end_if_vacant()
			:: else
			fi
		fi;
		seen = 0 }
	:: atomic { serving && step == RETIRE ->
		if
		:: !ended[arg] -> to_roomd[arg]!RETIRE(0, 0)
		:: else -> held[arg] = 0
		fi;
		current = NONE; inherited = 0; step = RELEASE }
	:: atomic { serving && step == RELEASE -> release(arg); step = IDLE; arg = 0 }
	:: atomic { serving && due != NONE -> released[due] = 1; due = NONE }
	/* census.c */
	:: atomic { has_room && from_roomd[current]?[SITS, _, _, _] ->
		from_roomd[current]?SITS(c, m, n);
		assert(counting);
		on_sits(c); c = 0; m = 0; n = 0 }
	:: atomic { has_room && from_roomd[current]?[COUNTED, _, _, _] ->
		from_roomd[current]?COUNTED(c, m, n);
		assert(counting);
		if
#ifndef WITHOUT_CENSUS_NUMBER
		:: n != census
#endif
		:: else -> on_counted()
		fi;
		c = 0; m = 0; n = 0 }
	/* the end of a channel: heal.c */
	:: atomic { in_order && lost(current) -> n = current; current = NONE; heal_begin(n); n = 0 }
	:: atomic { in_order && lost(heir) -> n = heir; heir = NONE; heal_begin(n); n = 0 }
	:: atomic { in_order && heir != NONE && !ended[heir] -> /* READY: heal_finish() */
		n = 0; current = heir;
		find_seat(0); find_seat(1);
		heir = NONE; heir_of = NONE; sent = 0; vacant = 0;
#ifndef WITHOUT_PRUNING
		prune(0); prune(1);
#endif
		to_roomd[current]!REOPEN(n, 0);
		n = 0 }
	/* handover.c: give_all() */
	:: atomic { in_order && giving && (is_given(0) || is_given(1)) ->
		CHOOSE(c, is_given);
		give(c); c = 0 }
	/* All are gone; give_rooms(), HANDED_OVER */
	:: atomic { in_order && giving && due == NONE && !anyone(LOBBY) && !on_the_way && heir_of == NONE ->
		if
		:: current != NONE && ended[current] -> /* lost together with this broker */
			may_end[0] = may_end[0] || state[0] == SEATED;
			may_end[1] = may_end[1] || state[1] == SEATED
		:: else
		fi;
		forget_all();
		leaving = 1 }
#ifdef WITHOUT_DISCONNECTING
	:: atomic { leaving && has_room && len(from_roomd[current]) > 0 -> from_roomd[current]?_(_, _, _); leaving = 0 }
#endif
	od
}

/* --- what may happen --- */

/* Nobody has the connection but the one that dies: it may end. */
inline on_roomd_killed(which, c)
{
	may_end[c] = may_end[c] || !in_broker[c];
	close_in_roomd(which, c)
}

inline kill_roomd(which)
{
	ended[which] = 1;
	on_roomd_killed(which, 0); on_roomd_killed(which, 1);
	drop_to_roomd(which);
	if
	:: which == current || which == heir || (step == RETIRE && arg == which)
	:: else -> held[which] = 0
	fi
}

inline on_broker_killed(c)
{
	may_end[c] = may_end[c] || !sits[c] || in_roomd[c] == NONE
}

inline lose_given(c)
{
	if
	:: given[c] -> given[c] = 0; may_end[c] = 1; close_fd(c)
	:: else
	fi
}

#define works(n) (alive[n] && !ended[n])

active proctype chaos()
{
	byte deaths = 0;
	byte crashes = 0;
	byte handovers = 0;
	byte n;
	byte dropped;
	mtype kind;

	do
	:: atomic { serving && deaths < DEATHS ->
		deaths++;
		on_broker_killed(0); on_broker_killed(1);
		forget_all() }
	:: atomic { crashes < CRASHES && (works(0) || works(1) || works(2)) ->
		CHOOSE_OF_THREE(n, works);
		crashes++; kill_roomd(n); n = 0 }
	:: atomic { in_order && !giving && handovers < HANDOVERS -> handovers++; giving = 1 }
	:: atomic { giving && !taker_lost && deaths < DEATHS -> /* the next one dies: nobody else can be given to it */
		deaths++;
		taker_lost = 1;
		lose_given(0); lose_given(1) }
	:: break
	od
}

/* --- clients --- */

proctype client(byte c; byte again; bit stays)
{
	asks[c] = 1;
	do
	:: atomic { !stays && sits[c] && !leaves[c] && !reset[c] -> leaves[c] = 1 }
	:: atomic { again > 0 && !sits[c] && !asks[c] && !leaves[c] && !reset[c] -> again--; asks[c] = 1 }
	:: atomic { !stays && !reset[c] -> hung_up[c] = 1; break }
	:: break /* it stays as it is */
	od
}

/* --- what must be so when nothing can happen any more --- */

#define present(c) (sits[c] && !hung_up[c])

inline expect(c)
{
	if
	:: hung_up[c] || reset[c] -> assert((state[c] == GONE || state[c] == NEW) && fds[c] == 0 && entry[c] == 0)
	:: else ->
		assert(!asks[c] && !leaves[c] && in_broker[c]);
		if
		:: sits[c] ->
			assert(state[c] == SEATED && member[c] && current != NONE && fds[c] == 2);
			assert(in_roomd[c] == current && ledger[current].seat[c].state == SEAT_TAKEN);
			assert(entry[c] && roster[current].who[entry[c] - 1] == c + 1);
			assert(sees[c] == present(1 - c))
		:: else -> assert(state[c] == LOBBY && fds[c] == 1 && entry[c] == 0)
		fi
	fi
}

inline expect_roster()
{
	i = (roster[current].who[0] != 0) + (roster[current].who[1] != 0);
	assert(i == present(0) + present(1))
}

init
{
	byte i;

	atomic {
		run roomd(0); run roomd(1); run roomd(2);
		run client(0, AGAIN, STAYING == 2);
#ifndef ALONE
		run client(1, 0, STAYING >= 1)
#endif
	}
	timeout;
	atomic {
		assert(serving && !counting && !giving && step == IDLE && due == NONE && heir_of == NONE && heir == NONE);
		if
		:: !asks[0] || state[0] != NEW || !hung_up[0] -> expect(0)
		:: else
		fi;
#ifndef ALONE
		expect(1);
#endif
		assert(current == NONE || anyone(SEATED)); /* an empty room is gone */
		if
		:: current != NONE -> expect_roster()
		:: else
		fi;
		for (i : 0 .. NI - 1) {
			assert(recorded[i] == (i == current) && alive[i] == (i == current))
		}
	}
}
