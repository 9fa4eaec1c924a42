"""A gate without network: decides on a membership card's code with nothing but what it has kept.

Written from `proto/README.md`, and shares no code with the project: the standard library, and
Ed25519 of `cryptography`. As a program it reads a code and says yes or no:

    zhisong card keys > keys.json
    zhisong card revocations --json > revocations.json
    card_gate.py keys.json revocations.json 'ZS1:...'
"""

import base64
import dataclasses
import hashlib
import json
import struct
import sys
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PREFIX = "ZS1:"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CODE_CONTEXT = b"zhisong card code v1\n"
LIST_CONTEXT = b"zhisong card revocations v1\n"
# Version, the first six characters of the key's id, card, issued at, life, nonce, level.
BODY = struct.Struct(">B6s16sIH8sB")
LEVELS = (None, "NATIONAL", "PROVINCIAL", "CITY", "COUNTY")
LIFE_MAX = 300
# How far the clock of who made the code may be ahead of the gate's.
AHEAD_MAX = 5
# A gate whose list is older lets nobody pass: the bound within which a blocked card is stopped.
LIST_AGE_MAX = 120


class Refused(Exception):
    """Why somebody does not pass."""


@dataclasses.dataclass(frozen=True)
class Passed:
    """Who passes: the card, and the level of a model worker where the card states it."""

    card_id: str
    level: str | None
    expires_at: int


def base45(text: str) -> bytes:
    """Base45 (RFC 9285), strictly."""
    try:
        digits = [ALPHABET.index(letter) for letter in text]
    except ValueError as problem:
        raise Refused("not Base45") from problem
    out = bytearray()
    for at in range(0, len(digits), 3):
        group = digits[at : at + 3]
        size = len(group) - 1
        value = sum(digit * 45**power for power, digit in enumerate(group))
        if size == 0 or value >= 256**size:
            raise Refused("not Base45")
        out += value.to_bytes(size, "big")
    return bytes(out)


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Gate:
    """What a gate has kept: keys, a revocation list, and the codes that it has seen."""

    def __init__(self, jwks: str):
        self.keys: dict[str, Ed25519PublicKey] = {}
        self.as_of = None
        self.blocked: frozenset[str] = frozenset()
        self.seen: dict[bytes, int] = {}
        for jwk in json.loads(jwks)["keys"]:
            if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
                continue
            # RFC 7638: the id is the thumbprint, so that a key cannot go by another's name.
            shown = json.dumps(
                {"crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"]}, separators=(",", ":")
            )
            digest = hashlib.sha256(shown.encode()).digest()
            key_id = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if key_id == jwk["kid"]:
                self.keys[key_id] = Ed25519PublicKey.from_public_bytes(unpadded(jwk["x"]))

    def take_list(self, document: bytes, signature: bytes, key_id: str) -> None:
        """Takes a newer list in; one that is altered or older is refused."""
        try:
            self.keys[key_id].verify(signature, LIST_CONTEXT + document)
        except (KeyError, InvalidSignature) as problem:
            raise Refused("the list is not signed") from problem
        content = json.loads(document)
        if self.as_of is not None and content["as_of"] < self.as_of:
            raise Refused("the list is older than the one that is kept")
        self.as_of, self.blocked = content["as_of"], frozenset(content["cards"])

    def judge(self, text: str, now: int) -> Passed:
        """Lets the holder of a code pass, or says why not."""
        if not text.startswith(PREFIX):
            raise Refused("not a code")
        content = base45(text[len(PREFIX) :])
        body, signature = content[: BODY.size], content[BODY.size :]
        if len(body) != BODY.size or len(signature) != 64:
            raise Refused("not a code")
        version, hint, card, issued_at, life, nonce, level = BODY.unpack(body)
        if version != 1 or life > LIFE_MAX or level >= len(LEVELS):
            raise Refused("not a code of this version")
        if not any(
            key_id.encode().startswith(hint) and self._signed(key, body, signature)
            for key_id, key in self.keys.items()
        ):
            raise Refused("not signed with a key that is kept")
        if now + AHEAD_MAX < issued_at:
            raise Refused("not valid yet")
        if now >= issued_at + life:
            raise Refused("expired")
        if self.as_of is None or now > self.as_of + LIST_AGE_MAX:
            raise Refused("the revocation list is too old")
        if card.hex() in self.blocked:
            raise Refused("revoked")
        self.seen = {one: end for one, end in self.seen.items() if end > now}
        if card + nonce in self.seen:
            raise Refused("seen before")
        self.seen[card + nonce] = issued_at + life
        return Passed(card.hex(), LEVELS[level], issued_at + life)

    @staticmethod
    def _signed(key: Ed25519PublicKey, body: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, CODE_CONTEXT + body)
        except InvalidSignature:
            return False
        return True


def main() -> None:
    keys, revocations, code = sys.argv[1:]
    with open(keys, encoding="utf-8") as file:
        gate = Gate(file.read())
    with open(revocations, encoding="utf-8") as file:
        kept = json.load(file)
    try:
        gate.take_list(
            kept["document"].encode(), bytes.fromhex(kept["signature"]), kept["key_id"]
        )
        print(gate.judge(code, int(time.time())))
    except Refused as refused:
        sys.exit(f"no: {refused}")


if __name__ == "__main__":
    main()
