#!/usr/bin/env python3
"""ESP inside UDP (RFC 4303, RFC 3948; RFC 7634, RFC 4106). See common.py for lines and keys.

`open` opens every packet twice, with the AEAD of `cryptography` by the letter of the RFCs and with the ESP of scapy, and
refuses one on which the two disagree. `build` lets scapy build, so that building and the first way of opening share nothing.
"""
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from scapy.all import IP, UDP as UdpLayer, IPv6, Raw
from scapy.layers.ipsec import ESP, IPSecIntegrityError, SecurityAssociation

from common import UDP, Refused, endpoint, main, strip_udp_header

HEADER, IV, ICV = 8, 8, 16
SUITES = {
    "aes-128-gcm": (AESGCM, "AES-GCM", 16),
    "aes-256-gcm": (AESGCM, "AES-GCM", 32),
    "chacha20-poly1305": (ChaCha20Poly1305, "CHACHA20-POLY1305", 32),
}


def secrets(sa):
    key, salt = bytes.fromhex(sa["key"]), bytes.fromhex(sa["salt"])
    if len(key) != SUITES[sa["suite"]][2] or len(salt) != 4:
        raise Refused("the key or its salt has the wrong length")
    return key, salt


def open_by_the_letter(sa, data):
    """The inner UDP datagram."""
    key, salt = secrets(sa)
    aead = SUITES[sa["suite"]][0](key)
    try:
        plain = aead.decrypt(salt + data[HEADER:HEADER + IV], data[HEADER + IV:], data[:HEADER])
    except InvalidTag:
        raise Refused("the integrity check failed") from None
    if len(plain) < 2:
        raise Refused("no trailer")
    padding, following = plain[-2], plain[-1]
    end = len(plain) - 2 - padding
    if end < 0 or plain[end:-2] != bytes(range(1, padding + 1)):
        raise Refused("the padding is not 1, 2, 3, ...")
    if (len(data) - HEADER - IV - ICV) % 4:
        raise Refused("the trailer does not end on 4 octets")
    if following != UDP:
        raise Refused(f"next header {following}")
    return plain[:end]


def association(sa, source_port, destination_port):
    key, salt = secrets(sa)
    return SecurityAssociation(
        ESP, spi=int(sa["spi"], 16), crypt_algo=SUITES[sa["suite"]][1], crypt_key=key + salt,
        nat_t_header=UdpLayer(sport=source_port, dport=destination_port))


def ip_header(source, destination):
    layer = IP if source.version == 4 else IPv6
    return layer(src=str(source), dst=str(destination))


def open_with_scapy(sa, packet, data):
    """The data of the inner UDP datagram."""
    (source, source_port), (destination, destination_port) = endpoint(packet["source"]), endpoint(packet["destination"])
    outer = ip_header(source, destination) / UdpLayer(sport=source_port, dport=destination_port) / ESP(data)
    try:
        opened = association(sa, source_port, destination_port).decrypt(outer)
    except IPSecIntegrityError:
        raise Refused("the integrity check failed") from None
    return bytes(opened[UdpLayer].payload)


def open_packet(keys, packet):
    data = bytes.fromhex(packet["hex"])
    if len(data) < HEADER + IV + 2 + ICV:
        raise Refused("too short for ESP")
    spi, seq = struct.unpack("!II", data[:HEADER])
    if spi not in keys:
        raise Refused(f"no SA with SPI {spi:#010x}")
    if data[HEADER:HEADER + IV] != struct.pack("!Q", seq):
        raise Refused("the IV is not the sequence number")
    payload = strip_udp_header(open_by_the_letter(keys[spi], data))
    if open_with_scapy(keys[spi], packet, data) != payload:
        raise Refused("scapy reads another payload")
    return {"ok": True, "payload": payload.hex(), "seq": seq, "next": UDP, "spi": f"{spi:#010x}"}


def build_packet(keys, request):
    spi, seq = int(request["spi"], 16), request["seq"]
    if spi not in keys:
        raise Refused(f"no SA with SPI {spi:#010x}")
    if not 0 < seq < 2**32:
        raise Refused("sequence number out of bounds")
    sa = keys[spi]
    source_text, destination_text = request.get("source", sa["source"]), request.get("destination", sa["destination"])
    (source, source_port), (destination, destination_port) = endpoint(source_text), endpoint(destination_text)
    # Checksum zero over IPv4 (RFC 3948 section 3.1.2); over IPv6 scapy computes it.
    checksum = {"chksum": 0} if source.version == 4 else {}
    inner = UdpLayer(sport=source_port, dport=destination_port, **checksum) / Raw(bytes.fromhex(request["payload"]))
    sealing = association(sa, source_port, destination_port)
    sealed = sealing.encrypt(ip_header(source, destination) / inner, seq_num=seq, iv=struct.pack("!Q", seq))
    return {"hex": bytes(sealed[UdpLayer].payload).hex(), "source": source_text, "destination": destination_text}


if __name__ == "__main__":
    main("esp", {"open": open_packet, "build": build_packet})
