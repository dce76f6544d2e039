/*
 * broker - what the parts of the broker share: one struct, owned by main.c, handed to each.
 * Process: broker.
 *
 * The way of a client:  acceptor -> request -> lobby -> room (its roomd) -> lobby ... -> gone
 */
#ifndef BROKER_H
#define BROKER_H

#include "acceptor.h"
#include "access.h"
#include "address.h"
#include "broker_memory.h"
#include "census.h"
#include "client.h"
#include "control.h"
#include "handover.h"
#include "http.h"
#include "keeper_link.h"
#include "loop.h"
#include "metrics.h"
#include "pool.h"
#include "registry.h"
#include "roster.h"
#include "settings.h"
#include "site.h"
#include "stats.h"

struct broker {
	struct loop loop;
	struct settings settings;
	struct ipc_open limits; /* what rooms are told; the lobby keeps to the same */
	struct access access;
	struct http *http;
	struct site site;
	struct keeper_link keeper;
	struct acceptor acceptor;
	struct address_tree addresses;
	struct clients clients;
	uint8_t *lobby_input; /* ws_buffer_size() bytes, used by one client at a time */
	struct pool pool;
	struct roster_spares spare_rosters;
	struct registry registry;
	struct resume_tree resumable; /* members that may resume */
	TAILQ_HEAD(, room) healing;   /* rooms whose heir is on its way */
	struct handover handover;
	struct control control;
	struct metrics metrics;
	struct broker_memory *memory; /* shared with the next broker */
	unsigned roomds;              /* processes: starting, warm, of rooms, retired */
	uint32_t fds_max;             /* RLIMIT_NOFILE */
	uint32_t sandbox_layers;      /* in force here; see pool.sandbox_layers for roomds */
	uint32_t namespaces;          /* that could have been made before (namespaces.h) */
	bool inherited;               /* all rooms of the broker before are known */
	bool serving;                 /* clients are accepted */
	bool stopping;                /* the lobby says goodbye, until stop_at_ms at the latest */
	uint64_t stop_at_ms;
	struct timer stop_timer; /* only to wake up then */
};

/* Serves, once it is known what the broker before left, and whether the sandbox holds (a roomd was ready). */
void broker_try_serve(struct broker *broker);

/* Another roomd is ready, in these layers: is that enough? What is missing in it and in none before is logged. */
bool broker_accepts_sandbox(struct broker *broker, uint32_t layers);

/* The memory file that brokers hand on; it is closed. Returns 0 or -errno. */
int broker_on_memory(struct broker *broker, int file);

/* The directory of the demo page; it is closed. */
void broker_on_site(struct broker *broker, int directory);

/* All that the keeper has to give but the rooms is here. */
void broker_on_equipped(struct broker *broker);

/* All rooms that there were are known, and the broker before is not there any more. */
void broker_on_inherited(struct broker *broker);

/* Ends the process once those to whom goodbye is being said have gone. */
void broker_leave(struct broker *broker);

/* Says goodbye to the lobby and ends the process; rooms end by the end of their channels. */
void broker_stop(struct broker *broker);

#endif
