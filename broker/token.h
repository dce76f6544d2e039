/*
 * token - reads an access token: a JWT (RFC 7519) in compact form, signed with one of our keys.
 * Process: broker.  Pure: text, keys and the time in; a verdict and what the token says out.
 * Never:   lets a token choose its algorithm (that is its key's); looks at a claim before the signature was right.
 * Fails:   with a verdict that says what was wrong, and nothing of what would be right.
 */
#ifndef TOKEN_H
#define TOKEN_H

#include "identity.h"
#include "key_ring.h"

#define TOKEN_VERDICTS(X)                                                                                              \
	X(GOOD, "good", "The token is good.")                                                                          \
	X(MISSING, "missing", "There is no \"token\", and this server lets nobody in without one.")                    \
	X(TOO_LONG, "too-long", "The token is too long.")                                                              \
	X(MALFORMED, "malformed", "The token is not a signed JWT.")                                                    \
	X(ALGORITHM, "algorithm", "The token's algorithm is not accepted.")                                            \
	X(KEY, "key", "The token's key is not known.")                                                                 \
	X(SIGNATURE, "signature", "The token's signature is wrong.")                                                   \
	X(DUPLICATE, "duplicate", "The token says something twice.")                                                   \
	X(NO_ROOM, "no-room", "The token names no room (\"room\").")                                                   \
	X(NO_SUBJECT, "no-subject",                                                                                    \
	  "The token does not say whose it is (\"sub\"), or not in a way that can be shown.")                          \
	X(NO_EXPIRY, "no-expiry", "The token does not say when it ends (\"exp\").")                                    \
	X(BAD_CLAIM, "bad-claim", "One of the token's times is no number.")                                            \
	X(EXPIRED, "expired", "The token has expired.")                                                                \
	X(EARLY, "early", "The token is not valid yet.")                                                               \
	X(ISSUER, "issuer", "The token's issuer is not accepted.")                                                     \
	X(AUDIENCE, "audience", "The token is for another service.")                                                   \
	X(ROOM, "room", "The token is for another room.")

enum token_verdict {
#define X(name, code, sentence) TOKEN_##name,
	TOKEN_VERDICTS(X)
#undef X
};

/* "expired", for the log; and the sentence that the client is told. */
const char *token_verdict_text(enum token_verdict verdict);
const char *token_verdict_sentence(enum token_verdict verdict);

struct token_rules {
	struct key_ring ring;
	unsigned algorithms;  /* bits that may be used, 1 << KEY_HS256 */
	const char *issuer;   /* "": whatever it is */
	const char *audience; /* "": whatever it is */
	uint64_t leeway_s;
};

/* Reads text[0..n) at the time now_s of the real clock. Returns TOKEN_GOOD and fills *ret; or what is wrong. */
enum token_verdict token_read(const char *text, size_t n, const struct token_rules *rules, uint64_t now_s,
			      struct token *ret);

/* A token that was read before: is it still good for this room? NULL: for whichever. */
enum token_verdict token_check(const struct token *token, const struct token_rules *rules, uint64_t now_s,
			       const struct name *room_id);

#endif
