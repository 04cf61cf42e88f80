#!/usr/bin/env python3
"""Makes sealed.hex anew, from the head of src/keys/sealed.rs alone. Needs the package `cryptography`."""
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

LABEL = b"sottovoce-account-password-1"
MASK = 0xFFFFFFFF


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def framed(*fields):
    return b"".join(len(field).to_bytes(2, "big") + field for field in fields)


def rotated(word, by):
    return ((word << by) & MASK) | (word >> (32 - by))


def quarter(state, a, b, c, d):
    for left, right, other, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[left] = (state[left] + state[right]) & MASK
        state[other] = rotated(state[other] ^ state[left], by)


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03 section 2.2."""
    octets = b"expand 32-byte k" + key + nonce
    state = [int.from_bytes(octets[at:at + 4], "little") for at in range(0, 64, 4)]
    for _ in range(10):
        for column in range(4):
            quarter(state, column, column + 4, column + 8, column + 12)
        for diagonal in range(4):
            ends = [diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4]
            quarter(state, *ends)
    return b"".join(word.to_bytes(4, "little") for word in state[:4] + state[12:])


key = mac(mac(bytes(32), b"\x07" * 64), LABEL + b"\x01")
nonce = b"\x40" * 24
aad = framed(LABEL, b"\x01", b"sip:alice@example.org", b"alice", b"example.org")
inner = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
sealed = inner.encrypt(bytes(4) + nonce[16:], b"correct horse battery staple", aad)
print((b"\x01" + nonce + sealed).hex())
