/*
 * streams - what an heir makes of the streams that its predecessor has left in mid-work: roomd/member.c, heir.c, in their
 * words. Client A sends numbered signals to client B; the roomd is killed at any moment, and so are its heirs.
 *
 * Either B gets every signal once and in order, or A's connection is closed and B got no other than the first ones, once
 * and in order; the same for B's own connection, which is closed only when its stream would be out of step.
 *
 * Each rule without which that does not hold can be taken away: -DWITHOUT_... (see check). All must fail then.
 */
#ifndef SIGNALS
#define SIGNALS 3
#endif
#ifndef CRASHES
#define CRASHES 3
#endif
#define A 1 /* seat + 1 */
#define B 2

/* The kernel's: how many signals A has sent, and how many were read; how many units were written to B. A signal is one
 * unit in and two out: it may be half written. */
byte a_sent = 0;
byte in_bytes = 0;
byte out_bytes = 0;

bit a_closed = 0; /* with 1012; the others are told */
bit b_cut = 0;    /* with a reset */
bit alive = 1;
bit lost = 0;     /* the broker is to start an heir */
byte crashes = 0;

/* The ledger. A's input: read up to in_end, handed on up to in_at. B's queue: units queue[0 .. owed_end), of which those
 * before owed_at are written; its first is the unit out_origin of the stream. */
byte busy = 0;
byte moving = 0;
byte in_end = 0;
byte in_at = 0;
byte owed_at = 0;
byte owed_end = 0;
byte out_origin = 0;
byte queue[2 * SIGNALS]; /* the signal that each unit is half of */
mtype = { FATE_GO_ON, FATE_CLOSE, FATE_CUT };
#ifndef WITHOUT_FATE_IN_LEDGER
mtype fate_a = FATE_GO_ON;
mtype fate_b = FATE_GO_ON;
#endif

inline set_busy(seat)
{
#ifndef WITHOUT_BUSY
	busy = seat
#else
	skip
#endif
}

inline set_moving(seat)
{
#ifndef WITHOUT_MOVING
	moving = seat
#else
	skip
#endif
}

/* member_parse(): hands on what was read. The death may come between any two of these steps. */
inline member_parse()
{
	set_busy(A);
	do
	:: in_at < in_end ->
		queue[owed_end] = in_at + 1;
		queue[owed_end + 1] = in_at + 1;
		owed_end = owed_end + 2;
		in_at++
	:: in_at == in_end -> break
	od;
	set_busy(0)
}

inline member_read()
{
	atomic { in_bytes < a_sent && !a_closed -> in_bytes++ };
	in_end++;
	member_parse()
}

inline write_unit()
{
	assert(queue[owed_at + n] == out_bytes / 2 + 1); /* else a signal is lost or comes twice, or half of one is */
	out_bytes++;
	n++
}

/* member_flush(): as much as the socket takes. */
inline member_flush()
{
	atomic {
		owed_at < owed_end && !b_cut -> n = 0; write_unit();
		if
		:: owed_at + n < owed_end -> write_unit()
		:: true
		fi
	};
	atomic { owed_at = owed_at + n; n = 0 };
	if
	:: owed_at == owed_end ->
		set_moving(B);
		out_origin = out_origin + owed_at;
		owed_at = 0;
		owed_end = 0;
		set_moving(0)
	:: owed_at != owed_end
	fi
}

/* heir_reseat(), for A and for B. */
inline reseat_a()
{
	atomic {
		if
		:: busy == A -> fate_a = FATE_CLOSE
		:: busy != A ->
#ifndef WITHOUT_CATCH_UP_IN
			in_end = in_bytes
#else
			skip
#endif
		fi
	}
}

#define can_go_on \
	(moving != B && out_bytes >= out_origin + owed_at && out_bytes <= out_origin + owed_end)

inline reseat_b()
{
	atomic {
		if
		:: !can_go_on -> fate_b = FATE_CUT
		:: can_go_on ->
#ifndef WITHOUT_CATCH_UP_OUT
			owed_at = out_bytes - out_origin
#else
			skip
#endif
		fi
	}
}

inline finish()
{
	busy = 0;
	moving = 0;
	if
	:: fate_a == FATE_CLOSE -> a_closed = 1; fate_a = FATE_GO_ON
	:: fate_a != FATE_CLOSE
	fi;
	if
	:: fate_b == FATE_CUT -> b_cut = 1; fate_b = FATE_GO_ON
	:: fate_b != FATE_CUT
	fi;
	if
	:: !a_closed -> member_parse()
	:: a_closed
	fi
}

proctype roomd(bit heir)
{
	byte n;
#ifdef WITHOUT_FATE_IN_LEDGER
	mtype fate_a = FATE_GO_ON;
	mtype fate_b = FATE_GO_ON;
#endif

	{
		if
		:: heir ->
			if
			:: reseat_b(); reseat_a()
			:: reseat_a();
#ifdef WITHOUT_SILENCE
				if
				:: member_read()
				:: true
				fi;
#endif
				reseat_b()
			fi;
			finish()
		:: !heir
		fi;
		do
		:: member_read()
		:: member_flush()
		od
	} unless { atomic { !alive -> lost = 1 } }
}

active proctype client_a()
{
	do
	:: a_sent < SIGNALS -> a_sent++
	:: else -> break
	od
}

active proctype killer()
{
	do
	:: atomic { crashes < CRASHES && alive -> crashes++; alive = 0 }
	:: break
	od
}

active proctype broker()
{
	run roomd(0);
	do
	:: atomic { lost -> lost = 0; alive = 1; run roomd(1) }
	:: atomic { timeout ->
		assert(alive && (crashes > 0 || (!a_closed && !b_cut)));
		assert(b_cut || a_closed || out_bytes == 2 * SIGNALS);
		assert(b_cut || out_bytes % 2 == 0);
		break }
	od
}
