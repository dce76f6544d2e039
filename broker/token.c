/* token - see token.h. */
#include <assert.h>
#include <string.h>

#include "base64.h"
#include "token.h"
#include "utf8.h"

/* Both parts of a token that fits are shorter than the token. */
#define PART_BYTES (LIMIT_TOKEN_BYTES * 3 / 4)

#define SIGNATURE_BYTES_MAX 64

static const char *const texts[] = {
#define X(name, code, sentence) [TOKEN_##name] = code,
    TOKEN_VERDICTS(X)
#undef X
};

static const char *const sentences[] = {
#define X(name, code, sentence) [TOKEN_##name] = sentence,
    TOKEN_VERDICTS(X)
#undef X
};

const char *token_verdict_text(enum token_verdict verdict)
{
	assert((unsigned)verdict < sizeof(texts) / sizeof(texts[0]));
	return texts[verdict];
}

const char *token_verdict_sentence(enum token_verdict verdict)
{
	assert((unsigned)verdict < sizeof(sentences) / sizeof(sentences[0]));
	return sentences[verdict];
}

/* --- the form --- */

struct parts {
	struct span header, claims, signature; /* in base64 */
};

static bool split(const char *text, size_t n, struct parts *ret)
{
	const char *first = memchr(text, '.', n);
	const char *second = first ? memchr(first + 1, '.', n - (size_t)(first + 1 - text)) : NULL;

	if (!second || memchr(second + 1, '.', n - (size_t)(second + 1 - text)))
		return false;
	ret->header = (struct span){text, (size_t)(first - text)};
	ret->claims = (struct span){first + 1, (size_t)(second - first - 1)};
	ret->signature = (struct span){second + 1, n - (size_t)(second + 1 - text)};
	return ret->header.length > 0 && ret->claims.length > 0;
}

/* Decodes a part, which must be a JSON object, and finds the fields: their values point into `bytes`. */
static enum token_verdict read_part(struct span part, char bytes[PART_BYTES], struct json_field *fields, unsigned count)
{
	struct json_problem problem;
	int n = base64_url_decode(part.at, part.length, (uint8_t *)bytes, PART_BYTES);

	if (n < 0 || !utf8_valid((uint8_t *)bytes, (size_t)n) ||
	    json_object(bytes, (size_t)n, fields, count, &problem) < 0)
		return TOKEN_MALFORMED;
	for (unsigned i = 0; i < count; i++)
		if (fields[i].count > 1)
			return TOKEN_DUPLICATE;
	return TOKEN_GOOD;
}

/* --- the header --- */

struct header {
	int algorithm; /* -1: none of ours */
	bool has_kid;
	struct name kid;
};

static enum token_verdict read_header(struct span part, struct header *ret)
{
	enum { ALG, KID, TYP, CRIT, ENC, COUNT };
	struct json_field fields[COUNT] = {[ALG] = {.key = "alg"},
					   [KID] = {.key = "kid"},
					   [TYP] = {.key = "typ"},
					   [CRIT] = {.key = "crit"},
					   [ENC] = {.key = "enc"}};
	char bytes[PART_BYTES];
	char text[LIMIT_NAME_BYTES];
	enum token_verdict verdict = read_part(part, bytes, fields, COUNT);

	if (verdict != TOKEN_GOOD)
		return verdict;
	/* `crit` means: whoever does not know that extension must refuse (RFC 7515, 4.1.11); we know none. */
	if (fields[CRIT].count || fields[ENC].count || (fields[TYP].count && json_kind(fields[TYP].value) != '"'))
		return TOKEN_MALFORMED;
	int n = json_string(fields[ALG].value, text, sizeof(text));
	if (fields[ALG].count == 0 || json_kind(fields[ALG].value) != '"')
		return TOKEN_MALFORMED;
	ret->algorithm = n >= 0 ? key_algorithm_find(text, (size_t)n) : -1;
	ret->has_kid = fields[KID].count > 0;
	if (!ret->has_kid)
		return TOKEN_GOOD;
	n = json_string(fields[KID].value, text, sizeof(text));
	return n >= 0 && !name_set(&ret->kid, text, (size_t)n) ? TOKEN_GOOD : TOKEN_KEY;
}

/* --- the signature --- */

/* Without a `kid`, each key of the algorithm is tried: they are few. */
static enum token_verdict verify(const struct token_rules *rules, const struct header *header, const char *text,
				 const struct parts *parts)
{
	uint8_t signature[SIGNATURE_BYTES_MAX];
	size_t signed_length = (size_t)(parts->claims.at + parts->claims.length - text);
	enum token_verdict verdict = TOKEN_KEY;

	if (header->algorithm < 0 || !(rules->algorithms & 1U << header->algorithm))
		return TOKEN_ALGORITHM;
	int n = base64_url_decode(parts->signature.at, parts->signature.length, signature, sizeof(signature));
	for (unsigned i = 0; i < rules->ring.count; i++) {
		if (header->has_kid && !name_equal(&header->kid, key_ring_kid(&rules->ring, i)))
			continue;
		if ((int)key_ring_algorithm(&rules->ring, i) != header->algorithm) {
			/* Somebody would like the public key to be taken for a secret, or the like. */
			verdict = header->has_kid && verdict == TOKEN_KEY ? TOKEN_ALGORITHM : verdict;
			continue;
		}
		verdict = TOKEN_SIGNATURE;
		if (n >= 0 && key_ring_verify(&rules->ring, i, text, signed_length, signature, (size_t)n))
			return TOKEN_GOOD;
	}
	return verdict;
}

/* --- the claims --- */

/* Reads a NumericDate (RFC 7519, 2): seconds, perhaps with a fraction, which is dropped. */
static bool read_time(struct span value, uint64_t *ret)
{
	size_t whole = 0;

	while (whole < value.length && value.at[whole] >= '0' && value.at[whole] <= '9')
		whole++;
	if (whole < value.length && value.at[whole] != '.')
		return false;
	for (size_t i = whole + 1; i < value.length; i++)
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
	return json_unsigned((struct span){value.at, whole}, ret) == 0;
}

static bool is_text(struct span value, const char *wanted)
{
	char text[LIMIT_TOKEN_BYTES];
	int n = json_string(value, text, sizeof(text));

	return n >= 0 && strlen(wanted) == (size_t)n && memcmp(text, wanted, (size_t)n) == 0;
}

/* The end of the JSON string at the front of text[0..n), which is valid. */
static size_t string_end(const char *text, size_t n)
{
	size_t at = 1;

	while (at < n && text[at] != '"')
		at += text[at] == '\\' ? 2 : 1;
	return at + 1;
}

/* Is `wanted` the string, or one of those in the array? (RFC 7519, 4.1.3) */
static bool has_text(struct span value, const char *wanted)
{
	unsigned depth = 0;

	if (json_kind(value) != '[')
		return is_text(value, wanted);
	for (size_t at = 0; at < value.length;) {
		char c = value.at[at];
		size_t length = c == '"' ? string_end(value.at + at, value.length - at) : 1;
		if (c == '"' && depth == 1 && is_text((struct span){value.at + at, length}, wanted))
			return true;
		depth += (c == '[' || c == '{') - (unsigned)(c == ']' || c == '}');
		at += length;
	}
	return false;
}

static enum token_verdict read_claims(struct span part, const struct token_rules *rules, uint64_t now_s,
				      struct token *ret)
{
	enum { ROOM, SUB, EXP, NBF, IAT, ISS, AUD, COUNT };
	struct json_field fields[COUNT] = {
	    [ROOM] = {.key = "room"}, [SUB] = {.key = "sub"}, [EXP] = {.key = "exp"}, [NBF] = {.key = "nbf"},
	    [IAT] = {.key = "iat"},   [ISS] = {.key = "iss"}, [AUD] = {.key = "aud"},
	};
	char bytes[PART_BYTES];
	char subject[LIMIT_NAME_BYTES + 1];
	uint64_t not_before_s = 0;
	uint64_t issued_s = 0;
	enum token_verdict verdict = read_part(part, bytes, fields, COUNT);

	if (verdict != TOKEN_GOOD)
		return verdict;
	if (fields[EXP].count == 0)
		return TOKEN_NO_EXPIRY;
	if (!read_time(fields[EXP].value, &ret->expires_s) ||
	    (fields[NBF].count && !read_time(fields[NBF].value, &not_before_s)) ||
	    (fields[IAT].count && !read_time(fields[IAT].value, &issued_s)))
		return TOKEN_BAD_CLAIM;
	if (now_s >= ret->expires_s + rules->leeway_s)
		return TOKEN_EXPIRED;
	if (now_s + rules->leeway_s < not_before_s)
		return TOKEN_EARLY;
	if (*rules->issuer && !(fields[ISS].count && is_text(fields[ISS].value, rules->issuer)))
		return TOKEN_ISSUER;
	if (*rules->audience && !(fields[AUD].count && has_text(fields[AUD].value, rules->audience)))
		return TOKEN_AUDIENCE;
	int n = fields[SUB].count ? json_string(fields[SUB].value, subject, sizeof(subject)) : -1;
	if (n < 0 || name_set(&ret->subject, subject, (size_t)n))
		return TOKEN_NO_SUBJECT;
	n = fields[ROOM].count ? json_string(fields[ROOM].value, ret->room, sizeof(ret->room)) : -1;
	if (n <= 0)
		return TOKEN_NO_ROOM;
	ret->room_length = (uint16_t)n;
	return TOKEN_GOOD;
}

enum token_verdict token_read(const char *text, size_t n, const struct token_rules *rules, uint64_t now_s,
			      struct token *ret)
{
	struct parts parts;
	struct header header = {.algorithm = -1};
	struct token token;

	if (n == 0)
		return TOKEN_MISSING;
	if (n > LIMIT_TOKEN_BYTES)
		return TOKEN_TOO_LONG;
	if (!split(text, n, &parts))
		return TOKEN_MALFORMED;
	enum token_verdict verdict = read_header(parts.header, &header);
	if (verdict == TOKEN_GOOD)
		verdict = verify(rules, &header, text, &parts);
	if (verdict == TOKEN_GOOD)
		verdict = read_claims(parts.claims, rules, now_s, &token);
	if (verdict == TOKEN_GOOD)
		*ret = token;
	return verdict;
}

/* --- the room --- */

/* Does the pattern, in which * stands for any characters, cover all of the name? */
static bool covers(const char *pattern, size_t n, const struct name *name)
{
	size_t star = SIZE_MAX; /* the last one, and what it stood for at first */
	size_t star_at = 0;
	size_t p = 0;
	size_t at = 0;

	while (at < name->length) {
		if (p < n && pattern[p] == '*') {
			star = p++;
			star_at = at;
		} else if (p < n && pattern[p] == name->bytes[at]) {
			p++;
			at++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			at = ++star_at;
		} else {
			return false;
		}
	}
	while (p < n && pattern[p] == '*')
		p++;
	return p == n;
}

enum token_verdict token_check(const struct token *token, const struct token_rules *rules, uint64_t now_s,
			       const struct name *room_id)
{
	if (now_s >= token->expires_s + rules->leeway_s)
		return TOKEN_EXPIRED;
	if (room_id && !covers(token->room, token->room_length, room_id))
		return TOKEN_ROOM;
	return TOKEN_GOOD;
}
