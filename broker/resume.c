/* resume - seats that may be resumed. */
#include <assert.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <openssl/crypto.h>
#include <sha2.h>

#include "broker.h"
#include "clock.h"
#include "log.h"

static int compare(const struct client *a, const struct client *b)
{
	return memcmp(a->id.text, b->id.text, sizeof(a->id.text));
}

TREE_GENERATE(resume_tree, client, resume.link, compare)

/* --- secrets --- */

/* SHA-256 of libmd, which libbsd needs anyway: OpenSSL's would load a megabyte of algorithms into every broker, also
 * where there are no tokens. */
static void hash(const char *secret, uint8_t ret[SHA256_DIGEST_LENGTH])
{
	SHA2_CTX context;

	static_assert(RESUME_HASH_BYTES == SHA256_DIGEST_LENGTH, "a whole hash is kept");
	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)secret, LIMIT_SECRET_BYTES);
	SHA256Final(ret, &context);
	explicit_bzero(&context, sizeof(context));
}

static void make(char secret[LIMIT_SECRET_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[LIMIT_SECRET_BYTES / 2];

	arc4random_buf(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++) {
		secret[2 * i] = digits[random[i] >> 4];
		secret[2 * i + 1] = digits[random[i] & 15];
	}
	explicit_bzero(random, sizeof(random));
}

static bool is_secret(const struct resume_secret *s, const uint8_t shown[RESUME_HASH_BYTES])
{
	return CRYPTO_memcmp(s->hash, shown, RESUME_HASH_BYTES) == 0 && s->number > 0;
}

void resume_init(struct broker *b)
{
	b->resumable = (struct resume_tree)RB_INITIALIZER(&b->resumable);
}

/* --- the index --- */

static struct client *owner_of(struct broker *b, const char *id)
{
	struct client key;

	memcpy(key.id.text, id, sizeof(key.id.text));
	return RB_FIND(resume_tree, &b->resumable, &key);
}

static void list(struct client *c)
{
	const struct client *other = c->resume.listed ? NULL : RB_INSERT(resume_tree, &c->broker->resumable, c);

	assert(!other);
	if (!c->resume.listed && c->address) {
		c->resume.holder = c->address;
		address_hold(c->address);
	}
	c->resume.listed = true;
}

static void unlist(struct client *c)
{
	if (c->resume.listed)
		RB_REMOVE(resume_tree, &c->broker->resumable, c);
	c->resume.listed = false;
	if (c->resume.holder)
		address_release(c->resume.holder);
	c->resume.holder = NULL;
}

void resume_forget(struct client *c)
{
	unlist(c);
	c->resume = (struct resume){0};
}

/* --- a client wants its seat back --- */

/* Whose seat the secret is for; NULL: nobody's. Sets *ret to which of its secrets it is. */
static struct client *find(struct broker *b, const struct name *secret, struct resume_secret *ret)
{
	uint8_t shown[RESUME_HASH_BYTES];

	if (secret->length != LIMIT_RESUME_BYTES || secret->bytes[LIMIT_CLIENT_ID_BYTES] != '.')
		return NULL;
	hash(secret->bytes + LIMIT_CLIENT_ID_BYTES + 1, shown);
	struct client *owner = owner_of(b, secret->bytes);
	if (owner && owner->room->roomd) {
		/* What became of the seat may have been said, and not yet been read. */
		roomd_read(owner->room->roomd);
		owner = owner_of(b, secret->bytes);
	}
	if (!owner)
		return NULL;
	bool newest = is_secret(&owner->resume.kept.newest, shown);
	bool last = is_secret(&owner->resume.kept.shown, shown);
	*ret = newest ? owner->resume.kept.newest : owner->resume.kept.shown;
	return newest || last ? owner : NULL;
}

void resume_refuse(struct client *c, struct complaint *complaint)
{
	c->broker->memory->stats.resumes_refused++;
	if (c->peer.local || address_take_join(c->address))
		complain(complaint, ERROR_UNKNOWN_RESUME,
			 "The seat was given up, or \"resume\" was used before: send \"join\".");
	else
		complain(complaint, ERROR_RATE_LIMITED, "Your address tries too often: try again in a second.");
}

void resume_claim(struct client *c, const struct client_message *m, struct complaint *ret_complaint)
{
	struct resume_secret shown;
	struct client *owner = find(c->broker, &m->secret, &shown);

	if (!owner) {
		resume_refuse(c, ret_complaint);
		return;
	}
	if (c->bound_room.length && !name_equal(&c->bound_room, &owner->room->id)) {
		complain(ret_complaint, ERROR_ROOM_MISMATCH,
			 "The seat is not in the room in the path that this connection was opened with.");
		return;
	}
	c->id = owner->id;
	c->sender = owner->sender;
	c->joined_ms = owner->joined_ms;
	c->expires_ms = owner->expires_ms;
	c->resume.kept.claims = 1;
	c->resume.kept.shown = shown;
	c->resume.seen = m->seq;
	room_enter(owner->room, c);
}

bool resume_issue(struct client *c, struct ipc_resume *ret)
{
	struct client *owner = c;

	*ret = (struct ipc_resume){0};
	if (c->resume.kept.claims) {
		owner = owner_of(c->broker, c->id.text);
		if (!owner || owner->room != c->room)
			return false;
		ret->presented = c->resume.kept.shown.number;
		ret->seen = c->resume.seen;
	} else if (!c->resume.wanted || !c->room->limits.resume_ms ||
		   (!c->resume.listed && !c->peer.local && c->address && !address_may_hold(c->address))) {
		return true;
	}
	make(ret->secret);
	ret->issued = c->resume.kept.newest.number = ++owner->resume.kept.count;
	hash(ret->secret, c->resume.kept.newest.hash);
	if (owner == c)
		list(c);
	return true;
}

struct client *resume_on_resumed(struct client *c)
{
	struct client *owner = owner_of(c->broker, c->id.text);

	c->resume.kept.claims = 0;
	if (owner == c)
		return NULL;
	c->resume.kept.count = c->resume.kept.newest.number;
	if (owner && owner->resume.kept.count > c->resume.kept.count)
		c->resume.kept.count = owner->resume.kept.count;
	roster_note_resume(c);
	if (owner) {
		resume_forget(owner);
		roster_note_resume(owner);
	}
	list(c);
	return owner && owner->room == c->room ? owner : NULL;
}

void resume_inherit(struct client *c, const struct resume_kept *kept)
{
	struct client *other = kept->count && !kept->claims ? owner_of(c->broker, c->id.text) : NULL;

	c->resume.kept = *kept;
	if (!kept->count || kept->claims)
		return;
	/* The broker before us ended in the middle of resume_on_resumed(): the later one has the seat. */
	if (other && other->number > c->number) {
		c->resume.kept = (struct resume_kept){0};
		return;
	}
	if (other)
		resume_forget(other);
	list(c);
}
