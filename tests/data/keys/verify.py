#!/usr/bin/env python3
"""Makes the agreement of agreement.json anew, from docs/protocol.md alone. Needs the package `cryptography`."""
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

VECTOR = json.loads((pathlib.Path(__file__).parent / "agreement.json").read_text())
OCT = bytes.fromhex


def u16(n):
    return n.to_bytes(2, "big")


def framed(*fields):
    return b"".join(u16(len(f)) + f for f in fields)


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(salt, ikm, info, length):
    prk, out, block = mac(salt, ikm), b"", b""
    for i in range(-(-length // 32)):
        block = mac(prk, block + info + bytes([i + 1]))
        out += block
    return out[:length]


def dh(secret, public):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


class Noise:
    """The symmetric state of the Noise specification, revision 34, section 5.2."""

    def __init__(self, prologue):
        name = b"Noise_IK_25519_ChaChaPoly_SHA256"
        self.h = self.ck = name.ljust(32, b"\0")
        self.mix_hash(prologue)

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key(self, ikm):
        both = hkdf(self.ck, ikm, b"", 64)
        self.ck, self.k, self.n = both[:32], both[32:], 0

    def seal(self, plain):
        nonce = bytes(4) + self.n.to_bytes(8, "little")
        out = ChaCha20Poly1305(self.k).encrypt(nonce, plain, self.h)
        self.n += 1
        self.mix_hash(out)
        return out

    def split(self):
        both = hkdf(self.ck, b"", b"", 64)
        return both[:32], both[32:]


def fields(*pairs):
    return b"".join(u16(kind) + u16(len(value)) + value for kind, value in pairs)


def media(text):
    host, port = text.rsplit(":", 1)
    return b"\x04" + u16(int(port)) + bytes(int(part) for part in host.split("."))


a, b = VECTOR["initiator"], VECTOR["responder"]
for side in (a, b):
    secret = OCT(side["identity_secret"])
    side["sign"], side["s"] = Ed25519PrivateKey.from_private_bytes(secret[:32]), secret[32:]
    side["sig_key"] = side["sign"].public_key().public_bytes_raw()
    assert side["sig_key"] == OCT(side["signing_key"]) and public(side["s"]) == OCT(side["agreement_key"])
    print_ = hashlib.sha256(framed(b"sottovoce-fingerprint-1", side["sig_key"], public(side["s"]))).hexdigest()
    assert print_ == side["fingerprint"].replace(":", "")
    side["e"] = OCT(side["ephemeral_secret"])
    side["name"] = side["entity"].encode(), side["device"].encode()

prologue = framed(b"sottovoce-ka-1", *b["name"], b["sig_key"], VECTOR["media_id"].encode(), b"")
assert prologue.hex() == VECTOR["prologue"]
signature = a["sign"].sign(framed(b"sottovoce-agreement-1", *a["name"], public(a["s"])))

noise = Noise(prologue)
noise.mix_hash(public(b["s"]))
noise.mix_hash(public(a["e"]))
noise.mix_key(dh(a["e"], public(b["s"])))
one = public(a["e"]) + noise.seal(public(a["s"]))
noise.mix_key(dh(a["s"], public(b["s"])))
one += noise.seal(fields(
    (0x8001, VECTOR["time_ms"].to_bytes(8, "big")), (0x8002, a["name"][0]), (0x8003, a["name"][1]),
    (0x8004, a["sig_key"]), (0x8005, signature), (0x8006, media(a["media"])), (0x8007, OCT("0101")),
    (0x8008, OCT("c0000001c0000002")), (0x8009, OCT("201c20141014")), (0x800A, b"\xe1" * 32), (0x800B, b"\x5a" * 32)))
assert one.hex() == VECTOR["message_1"]

noise.mix_hash(public(b["e"]))
noise.mix_key(dh(b["e"], public(a["e"])))
noise.mix_key(dh(b["e"], public(a["s"])))
two = public(b["e"]) + noise.seal(fields(
    (0x8006, media(b["media"])), (0x8007, OCT("0303")), (0x8008, OCT("d0000001d0000002")), (0x8009, OCT("2014"))))
assert two.hex() == VECTOR["message_2"]
assert noise.h.hex() == VECTOR["handshake_hash"]

i2r, r2i = noise.split()
for sa in VECTOR["sas"]:
    number, suite, length = (50, 0x2014, 36) if sa["protocol"] == "esp" else (51, 0x200C, 32)
    info = b"sottovoce-sa-1" + bytes([0, sa["direction"], number]) + u16(suite) + OCT(sa["spi"][2:])
    assert hkdf(noise.h, i2r + r2i, info, length).hex() == sa["key"] + sa["salt"]

words = (pathlib.Path(__file__).parents[3] / "src/keys/words.rs").read_text().split("= [")[1].split("]")[0].split('"')[1::2]
parties = sorted(framed(*side["name"], side["sig_key"]) for side in (a, b))
digest = hashlib.sha256(framed(b"sottovoce-safety-1", *parties)).digest()
assert " ".join(words[octet] for octet in digest[:16]) == VECTOR["safety_phrase"]
print("the agreement comes out again")
