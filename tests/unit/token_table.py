#!/usr/bin/python3
"""
Writes the table of test_token.c: good tokens by python's jwt and cryptography, which share no code with ours, and bad
ones by hand. With the path of test_token as argument, runs it with the table.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import tempfile

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

NOW = 1800000000
LEEWAY = 30
ISSUER, AUDIENCE = "https://clinic.example", "video-signaling"

SECRET = b"this is a secret of more than thirty-two bytes"
OTHER_SECRET = b"another secret, of more than thirty-two bytes too"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
STRANGE_EC = ec.generate_private_key(ec.SECP256R1())
STRANGE_ED = ed25519.Ed25519PrivateKey.generate()

CLAIMS = {"room": "consult-42", "sub": "doctor-123", "exp": NOW + 60, "iss": ISSUER, "aud": AUDIENCE}


def public(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def b64(data):
    data = data if isinstance(data, bytes) else data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_hs(text, secret=SECRET, digest=hashlib.sha256):
    return hmac.new(secret, text.encode(), digest).digest()


def sign_es(text, key=EC_KEY):
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def raw(header, claims, sign=sign_hs):
    """A token of these very texts."""
    text = f"{b64(header)}.{b64(claims)}"
    return f"{text}.{b64(sign(text))}"


def token(algorithm="HS256", key=SECRET, kid=None, without=(), headers=None, **claims):
    claims = {name: value for name, value in {**CLAIMS, **claims}.items() if name not in without}
    return jwt.encode(claims, key, algorithm, {**({"kid": kid} if kid else {}), **(headers or {})})


def with_claims(text):
    """The usual claims, with `text` in front of them."""
    return "{" + text + "," + json.dumps(CLAIMS)[1:]


HS = '{"alg":"HS256","typ":"JWT"}'


def tokens():
    good = token()
    head, body, signature = good.split(".")
    yield "good", "HS256", good
    yield "good", "HS256 with kid", token(kid="one")
    yield "good", "the other secret", token(key=OTHER_SECRET)
    yield "good", "the other secret with kid", token(key=OTHER_SECRET, kid="two")
    yield "good", "ES256", token("ES256", EC_KEY)
    yield "good", "ES256 with kid", token("ES256", EC_KEY, kid="curve")
    yield "good", "EdDSA", token("EdDSA", ED_KEY)
    yield "good", "EdDSA with kid", token("EdDSA", ED_KEY, kid="edwards")
    yield "good", "a pattern", token(room="consult-*")
    yield "good", "a label with umlauts", token(sub="D\u00f6ctor")
    yield "good", "an array of audiences", token(aud=["other", AUDIENCE])
    yield "good", "expiry with a fraction", token(exp=NOW + 1.5)
    yield "good", "expired within the leeway", token(exp=NOW - LEEWAY + 1)
    yield "good", "valid from now on", token(nbf=NOW)
    yield "good", "valid soon, within the leeway", token(nbf=NOW + LEEWAY)
    yield "good", "issued in the future", token(iat=NOW + 1000)
    yield "good", "unknown claims", token(admin=True, deep={"a": [1, {"b": None}]})
    yield "good", "unknown claims twice", raw(HS, with_claims('"x":1,"x":2'))
    yield "good", "no typ", raw('{"alg":"HS256"}', json.dumps(CLAIMS))
    yield "good", "white space in the JSON", raw('{ "alg" : "HS256" }', json.dumps(CLAIMS, indent=4))
    yield "good", "escapes in names", raw('{"\\u0061lg":"HS256"}', json.dumps(CLAIMS).replace('"sub"', '"s\\u0075b"'))

    yield "missing", "empty", ""
    yield "malformed", "no dots", "abc"
    yield "malformed", "two parts", f"{head}.{body}"
    yield "malformed", "four parts", good + ".x"
    yield "malformed", "five parts, as encrypted ones have", good + ".x.y"
    yield "malformed", "nothing but dots", ".."
    yield "malformed", "no header", f".{body}.{signature}"
    yield "malformed", "no claims", f"{head}..{signature}"
    yield "malformed", "a header that is no base64", f"{head[:-1]}!.{body}.{signature}"
    yield "malformed", "a header with padding", raw(HS + " ", json.dumps(CLAIMS)).replace(".", "==.", 1)
    yield "malformed", "a header that is no JSON", raw("{alg:HS256}", json.dumps(CLAIMS))
    yield "malformed", "a header that is an array", raw('["alg","HS256"]', json.dumps(CLAIMS))
    yield "malformed", "a header that is not UTF-8", raw(b'{"alg":"HS256","x":"\xff"}', json.dumps(CLAIMS))
    yield "malformed", "a header that goes on", raw(HS + "x", json.dumps(CLAIMS))
    yield "malformed", "no algorithm", raw('{"typ":"JWT"}', json.dumps(CLAIMS))
    yield "malformed", "an algorithm that is a number", raw('{"alg":256}', json.dumps(CLAIMS))
    yield "malformed", "a critical extension", raw('{"alg":"HS256","crit":["b64"],"b64":false}', json.dumps(CLAIMS))
    yield "malformed", "an empty crit", raw('{"alg":"HS256","crit":[]}', json.dumps(CLAIMS))
    yield "malformed", "enc", raw('{"alg":"HS256","enc":"A128GCM"}', json.dumps(CLAIMS))
    yield "malformed", "a typ that is a number", raw('{"alg":"HS256","typ":1}', json.dumps(CLAIMS))
    yield "malformed", "claims that are no JSON", raw(HS, "room=consult-42")
    yield "malformed", "claims that are a token", raw(HS, good)
    yield "malformed", "claims deeper than allowed", raw(HS, with_claims('"x":' + "[" * 200 + "]" * 200))
    yield "malformed", "white space in front", " " + good
    yield "malformed", "the scheme in front", "Bearer " + good
    yield "too-long", "huge", token(padding="x" * 60000)
    yield "too-long", "huge and nothing", "a" * 4097
    yield "malformed", "as long as may be, and nothing", "a" * 4096

    yield "algorithm", "none", jwt.encode(CLAIMS, None, "none")
    yield "algorithm", "none with a signature", raw('{"alg":"none"}', json.dumps(CLAIMS))
    for name in "None", "nOnE", "NONE", "", "hs256", "HS512", "HS384", "RS256", "PS256", "ES384", "ES512", "ES256K", "HS256 ":
        yield "algorithm", f"algorithm {name!r}", raw(json.dumps({"alg": name}), json.dumps(CLAIMS))
    yield "algorithm", "HS512 for real", token("HS512")
    yield "duplicate", "two algorithms", raw('{"alg":"none","alg":"HS256"}', json.dumps(CLAIMS))
    yield "duplicate", "two algorithms, one escaped", raw('{"alg":"HS256","\\u0061lg":"none"}', json.dumps(CLAIMS))
    yield "duplicate", "two kids", raw('{"alg":"HS256","kid":"one","kid":"two"}', json.dumps(CLAIMS))

    yield "key", "an unknown kid", token(kid="three")
    yield "key", "an empty kid", raw('{"alg":"HS256","kid":""}', json.dumps(CLAIMS))
    yield "key", "a kid that is a number", raw('{"alg":"HS256","kid":1}', json.dumps(CLAIMS))
    yield "key", "a kid that is a path", token(kid="../../dev/null")
    yield "key", "a huge kid", token(kid="x" * 1000)
    # The algorithm is the key's, whatever the token says.
    for name, key in ("curve", EC_KEY), ("edwards", ED_KEY):
        pem = public(key)
        yield "algorithm", f"HS256 with the public key of {name}", raw(
            json.dumps({"alg": "HS256", "kid": name}), json.dumps(CLAIMS), lambda text, pem=pem: sign_hs(text, pem))
        yield "signature", f"the same without kid, {name}", raw(
            HS, json.dumps(CLAIMS), lambda text, pem=pem: sign_hs(text, pem))
    yield "algorithm", "ES256 with the kid of a secret", token("ES256", EC_KEY, kid="one")
    yield "algorithm", "EdDSA with the kid of a P-256 key", token("EdDSA", ED_KEY, kid="curve")
    yield "signature", "a jwk in the header", raw(json.dumps({"alg": "HS256", "jwk": {"kty": "oct", "k": b64("x" * 32)}}),
                                                  json.dumps(CLAIMS), lambda text: sign_hs(text, b"x" * 32))

    yield "signature", "no signature", f"{head}.{body}."
    yield "signature", "a signature cut short", good[:-2]
    yield "signature", "one character cut", good[:-1]
    yield "signature", "a longer signature", good + "AA"
    yield "signature", "a huge signature", good + "A" * 500
    yield "signature", "the signature's first character changed", f"{head}.{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    yield "signature", "bits left over in the signature", f"{head}.{body}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}"
    yield "signature", "padding", good + "="
    yield "signature", "other claims", f"{head}.{b64(json.dumps({**CLAIMS, 'room': '*'}))}.{signature}"
    yield "signature", "another header", f"{b64(HS + chr(32))}.{body}.{signature}"
    yield "signature", "another secret", token(key=b"a secret that the server has never heard of")
    yield "signature", "the other secret's kid", token(kid="two")
    yield "signature", "a prefix of the secret", token(key=SECRET[:-1])
    yield "signature", "the secret in base64", token(key=base64.b64encode(SECRET))
    yield "signature", "SHA-512 called HS256", raw(HS, json.dumps(CLAIMS), lambda t: sign_hs(t, SECRET, hashlib.sha512))
    yield "signature", "another P-256 key", token("ES256", STRANGE_EC)
    yield "signature", "another Ed25519 key", token("EdDSA", STRANGE_ED, kid="edwards")
    es = '{"alg":"ES256","kid":"curve"}'
    yield "signature", "ES256 in DER", raw(es, json.dumps(CLAIMS),
                                           lambda text: EC_KEY.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    yield "signature", "ES256 of zeroes", raw(es, json.dumps(CLAIMS), lambda text: bytes(64))
    yield "signature", "ES256 of ones", raw(es, json.dumps(CLAIMS), lambda text: b"\xff" * 64)
    yield "signature", "ES256 with a zero behind", raw(es, json.dumps(CLAIMS), lambda text: sign_es(text) + b"\0")
    yield "signature", "ES256 with r and s swapped", raw(
        es, json.dumps(CLAIMS), lambda text: sign_es(text)[32:] + sign_es(text)[:32])
    yield "signature", "EdDSA of zeroes", raw('{"alg":"EdDSA","kid":"edwards"}', json.dumps(CLAIMS), lambda text: bytes(64))

    yield "expired", "expired by one second", token(exp=NOW - LEEWAY - 1)
    yield "expired", "expired this second", token(exp=NOW - LEEWAY)
    yield "expired", "expired in 1970", token(exp=0)
    yield "early", "one second too early", token(nbf=NOW + LEEWAY + 1)
    yield "early", "centuries too early", token(nbf=2**52)
    yield "no-expiry", "no exp", token(without=("exp",))
    for value in '"1900000000"', "-1", "1e300", "null", "true", "[1900000000]", "99999999999999999999", "{}", "1.9e9":
        yield "bad-claim", f"exp {value}", raw(HS, json.dumps(CLAIMS).replace(str(NOW + 60), value))
    yield "bad-claim", "nbf as text", raw(HS, with_claims('"nbf":"0"'))
    yield "bad-claim", "iat as text", raw(HS, with_claims('"iat":"0"'))
    for name in "exp", "room", "sub", "iss", "aud":
        yield "duplicate", f"{name} twice", raw(HS, with_claims(f'"{name}":{json.dumps(CLAIMS[name])}'))
    yield "duplicate", "room twice, one escaped", raw(HS, with_claims('"\\u0072oom":"consult-42"'))
    yield "duplicate", "nbf twice", raw(HS, with_claims('"nbf":0,"nbf":0'))
    yield "no-room", "no room", token(without=("room",))
    yield "no-room", "an empty room", token(room="")
    yield "no-room", "a room that is an array", token(room=["consult-42"])
    yield "no-room", "a room that is null", token(room=None)
    yield "no-room", "a huge room", token(room="x" * 257)
    yield "no-subject", "no sub", token(without=("sub",))
    yield "no-subject", "an empty sub", raw(HS, json.dumps({**CLAIMS, "sub": ""}))
    yield "no-subject", "a sub that is a number", raw(HS, json.dumps({**CLAIMS, "sub": 7}))
    yield "no-subject", "a sub with a control character", token(sub="doctor\n")
    yield "no-subject", "a sub with an override", token(sub="doctor\u202e")
    yield "no-subject", "a sub that is too long", token(sub="x" * 129)
    yield "no-subject", "a sub with a lone surrogate", raw(HS, json.dumps({**CLAIMS, "sub": "\ud800"}))
    yield "issuer", "no iss", token(without=("iss",))
    yield "issuer", "another iss", raw(HS, json.dumps({**CLAIMS, "iss": ISSUER + "/"}))
    yield "issuer", "an array of iss", raw(HS, json.dumps({**CLAIMS, "iss": [ISSUER]}))
    yield "audience", "no aud", token(without=("aud",))
    yield "audience", "another aud", token(aud="video-signalin")
    yield "audience", "other audiences", token(aud=["a", "b"])
    yield "audience", "an empty array", token(aud=[])
    yield "audience", "the audience inside of something", raw(HS, json.dumps({**CLAIMS, "aud": [[AUDIENCE], {"a": AUDIENCE}]}))


ROOMS = (
    ("good", "consult-42", "consult-42"), ("room", "consult-42", "consult-43"), ("room", "consult-42", "consult-4"),
    ("room", "consult-42", "consult-421"), ("room", "consult-42", "Consult-42"), ("good", "consult-*", "consult-42"),
    ("good", "consult-*", "consult-"), ("room", "consult-*", "consult"), ("good", "*", "anything"),
    ("good", "*-42", "ward-42"), ("room", "*-42", "ward-42-x"), ("good", "a*b*c", "a-b-b-c"), ("room", "a*b*c", "a-c-b"),
    ("good", "**", "x"), ("room", "*a", "ab"), ("good", "*a*b", "aaabaab"), ("room", "a?c", "abc"), ("room", "a.*", "abc"),
    ("good", "\u00e9*", "\u00e9t\u00e9"), ("good", "a*", "a*"), ("room", "a*" * 60 + "b", "a" * 128),
)


def lines():
    for name, text in (("one.secret", SECRET + b"\n"), ("two.secret", OTHER_SECRET), ("curve.pem", public(EC_KEY)),
                       ("edwards.pem", public(ED_KEY))):
        yield f"key\t{name}\t{text.hex()}"
    yield "ready"
    yield f"leeway\t{LEEWAY}"
    yield f"issuer\t{ISSUER}"
    yield f"audience\t{AUDIENCE}"
    for verdict, name, text in tokens():
        yield f"token\t{verdict}\t{name}\t{text}"
    yield "algorithms\tES256"
    yield f"token\talgorithm\tHS256, where that may not be\t{token()}"
    yield "token\tgood\tES256, which alone may be\t" + token("ES256", EC_KEY)
    yield "algorithms\tHS256,ES256,EdDSA"
    yield "issuer\t"
    yield "audience\t"
    yield "token\tgood\tno issuer and no audience wanted\t" + token(without=("iss", "aud"))
    yield "leeway\t0"
    yield "token\texpired\texpired this second, without leeway\t" + token(exp=NOW)
    yield "token\tgood\ta second left, without leeway\t" + token(exp=NOW + 1)
    yield "token\texpired\texpired by one second, without leeway\t" + token(exp=NOW - 1)
    for verdict, pattern, name in ROOMS:
        yield f"room\t{verdict}\t{pattern}\t{name}"


def main():
    table = "\n".join(lines()) + "\n"
    if len(sys.argv) < 2:
        sys.stdout.write(table)
        return 0
    with tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
        path = pathlib.Path(folder, "table")
        path.write_text(table, encoding="utf-8")
        return subprocess.run([*sys.argv[1:], path], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
