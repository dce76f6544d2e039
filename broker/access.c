/* access - who may come in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "access.h"
#include "broker.h"
#include "ice.h"
#include "log.h"
#include "turn.h"

/* --- what came from the keeper --- */

static int take(struct broker *b, const struct secrets *s)
{
	struct access *a = &b->access;
	unsigned bad = 0;

	if (s->version != SECRETS_VERSION || s->key_count > LIMIT_TOKEN_KEYS || s->turn_length > sizeof(s->turn))
		return -EPROTO;
	a->rules.issuer = b->settings.token_issuer;
	a->rules.audience = b->settings.token_audience;
	a->rules.leeway_s = b->settings.token_leeway;
	memcpy(a->turn, s->turn, s->turn_length);
	a->turn_length = s->turn_length;
	if (key_algorithms_read(b->settings.token_algorithms, &a->rules.algorithms) < 0 ||
	    networks_read(b->settings.trusted_proxies, &a->trusted) < 0)
		return -EINVAL;
	int error = key_ring_init(&a->rules.ring, s->keys, s->key_count, &bad);
	if (error == -EINVAL)
		log_error("bad-key", "kid=\"%.*s\" problem=\"its point is not on the curve\"", s->keys[bad].kid.length,
			  s->keys[bad].kid.bytes);
	if (error == 0 && a->turn_length > 0 && !turn_init())
		error = -ENOTSUP;
	return error;
}

int access_init(struct broker *b, int file, size_t bytes)
{
	struct secrets *s = MAP_FAILED;

	if (bytes == sizeof(*s))
		s = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);
	close(file);
	if (s == MAP_FAILED)
		return -EPROTO;
	int error = take(b, s);
	munmap(s, bytes);
	return error;
}

/* --- tokens --- */

static uint64_t real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void note_refusal(const struct client *c, enum token_verdict verdict)
{
	log_info("token-refused", "client=%llu why=%s", (unsigned long long)c->number, token_verdict_text(verdict));
}

void access_keep_token(struct client *c, const struct token *token)
{
	/* Without memory, its join needs another. */
	c->token = malloc(sizeof(*token));
	if (c->token)
		*c->token = *token;
}

enum token_verdict access_on_request(struct client *c, struct span text)
{
	struct broker *b = c->broker;
	struct token token;

	if (b->settings.auth != SETTING_AUTH_TOKEN)
		return TOKEN_GOOD;
	uint64_t now_s = real_ms() / 1000;
	enum token_verdict verdict = token_read(text.at, text.length, &b->access.rules, now_s, &token);
	if (verdict == TOKEN_GOOD && c->bound_room.length)
		verdict = token_check(&token, &b->access.rules, now_s, &c->bound_room);
	if (verdict != TOKEN_GOOD) {
		note_refusal(c, verdict);
		return verdict;
	}
	access_keep_token(c, &token);
	return verdict;
}

/* Reads the token that comes with the join, or takes the one that came with the request. */
static enum token_verdict find_token(const struct client *c, const struct client_message *join, uint64_t now_s,
				     struct token *ret)
{
	char text[LIMIT_TOKEN_BYTES];

	if (!join->token.at || json_kind(join->token) == 'n') {
		if (!c->token)
			return TOKEN_MISSING;
		*ret = *c->token;
		return TOKEN_GOOD;
	}
	int n = json_string(join->token, text, sizeof(text));
	if (n < 0)
		return n == -ENOSPC ? TOKEN_TOO_LONG : TOKEN_MALFORMED;
	return token_read(text, (size_t)n, &c->broker->access.rules, now_s, ret);
}

bool access_may_join(struct client *c, const struct client_message *join, struct name *ret_sender,
		     struct complaint *ret_complaint)
{
	const struct broker *b = c->broker;
	struct token token;

	*ret_sender = join->sender;
	c->expires_ms = 0;
	if (b->settings.auth != SETTING_AUTH_TOKEN)
		return true;
	uint64_t now_ms = real_ms();
	enum token_verdict verdict = find_token(c, join, now_ms / 1000, &token);
	if (verdict == TOKEN_GOOD)
		verdict = token_check(&token, &b->access.rules, now_ms / 1000, &join->room_id);
	if (verdict != TOKEN_GOOD) {
		note_refusal(c, verdict);
		complain(ret_complaint, ERROR_UNAUTHORIZED, "%s", token_verdict_sentence(verdict));
		return false;
	}
	*ret_sender = token.subject;
	if (b->settings.token_expiry == SETTING_EXPIRY_SESSION) {
		uint64_t end_ms = (token.expires_s + b->access.rules.leeway_s) * 1000;
		c->expires_ms = b->loop.now_ms + (end_ms > now_ms ? end_ms - now_ms : 0);
	}
	return true;
}

/* --- proxies --- */

bool access_is_trusted(const struct broker *b, const struct peer *peer)
{
	return peer->local || networks_have(&b->access.trusted, peer);
}

bool access_may_speak_proxy(const struct broker *b, const struct peer *peer)
{
	return access_is_trusted(b, peer) || (b->access.trusted.count == 0 && peer_is_loopback(peer));
}

/* --- STUN and TURN --- */

bool access_write_ice(const struct broker *b, const struct client_id *id, struct out *o)
{
	const struct access *a = &b->access;
	const char *user = b->settings.turn_user;
	char fresh[64] = "";
	char credential[LIMIT_KEY_BYTES + 1] = "";

	if (!*b->settings.ice_servers)
		return false;
	if (a->turn_length > 0 && *user) {
		memcpy(credential, a->turn, a->turn_length);
	} else if (a->turn_length > 0) {
		/* The id, not the label: it appears in the TURN server's log. */
		snprintf(fresh, sizeof(fresh), "%llu:%.*s",
			 (unsigned long long)(real_ms() / 1000 + b->settings.turn_ttl), (int)sizeof(id->text),
			 id->text);
		turn_credential(a->turn, a->turn_length, fresh, credential);
		user = fresh;
	}
	ice_write(o, b->settings.ice_servers, user, credential);
	return !o->truncated;
}
