/*
 * access - who may come in, and what they are told of STUN and TURN: settings and secrets, ready for use.
 * Process: broker.  Owns: the keys, and the secret that is shared with the TURN server.
 * Never:   says to anyone what would have been right; logs anything of a token.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include "client_message.h"
#include "peer.h"
#include "secrets.h"
#include "server_message.h"
#include "token.h"

struct broker;
struct client;

struct access {
	struct token_rules rules;
	struct networks trusted; /* proxies that are believed */
	char turn[LIMIT_KEY_BYTES];
	uint32_t turn_length;
};

/* Takes the secrets out of the memory file, which is closed. Settings must be known. Returns 0 or -errno. */
int access_init(struct broker *broker, int file, size_t bytes);

/* A token that came with the request: keeps what it says for the client's join. Returns TOKEN_GOOD, or what is wrong.
 */
enum token_verdict access_on_request(struct client *client, struct span text);

/* Keeps it, as if it had come with the request. */
void access_keep_token(struct client *client, const struct token *token);

/* May the client join the room, with the token that it sends along or has shown before? Notes in the client when that
 * ends, and sets *ret_sender to the label that it bears: the token's. Returns whether, or sets *ret_complaint. */
bool access_may_join(struct client *client, const struct client_message *join, struct name *ret_sender,
		     struct complaint *ret_complaint);

/* Is that a proxy that is believed when it says whence a client came? */
bool access_is_trusted(const struct broker *broker, const struct peer *peer);

/* And on a listener where it has to? There, if no proxy is named, those of this machine are. */
bool access_may_speak_proxy(const struct broker *broker, const struct peer *peer);

/* Writes what a client is told of STUN and TURN servers, with fresh credentials. Returns false if there are none. */
bool access_write_ice(const struct broker *broker, const struct client_id *id, struct out *o);

#endif
