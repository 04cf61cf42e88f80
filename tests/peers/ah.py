#!/usr/bin/env python3
"""AH inside UDP, from PROTOCOL section 8 alone; standard library only. See common.py for lines and keys."""
import hashlib
import hmac
import struct

from common import UDP, Refused, add_udp_header, endpoint, main, strip_udp_header

ICV = 16
HEADER = struct.Struct("!BBHII")  # next header, length field, reserved, SPI, sequence number
LENGTH_FIELD = 5  # (12 + 16) / 4 - 2
PAYLOAD_AT = 4 + HEADER.size + ICV
NEXT_HEADERS = {UDP, 50, 108, 4, 41}


def mapped(address):
    """16 octets; an IPv4 address as ::ffff:a.b.c.d."""
    return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed


def icv(key, source, destination, spi_copy, header, payload):
    (source, source_port), (destination, destination_port) = endpoint(source), endpoint(destination)
    ends = mapped(source) + mapped(destination) + struct.pack("!HH", source_port, destination_port)
    covered = ends + spi_copy + header + bytes(ICV) + payload
    return hmac.new(key, covered, hashlib.sha256).digest()[:ICV]


def open_packet(keys, packet):
    data = bytes.fromhex(packet["hex"])
    if len(data) < PAYLOAD_AT:
        raise Refused("too short for AH")
    spi_copy, header, payload = data[:4], data[4:4 + HEADER.size], data[PAYLOAD_AT:]
    following, length, reserved, spi, seq = HEADER.unpack(header)
    if spi not in keys:
        raise Refused(f"no SA with SPI {spi:#010x}")
    if spi_copy != struct.pack("!I", spi) or length != LENGTH_FIELD or reserved != 0 or following not in NEXT_HEADERS:
        raise Refused("the AH header is malformed")
    key = bytes.fromhex(keys[spi]["key"])
    expected = icv(key, packet["source"], packet["destination"], spi_copy, header, payload)
    if not hmac.compare_digest(expected, data[4 + HEADER.size:PAYLOAD_AT]):
        raise Refused("the integrity check failed")
    payload = strip_udp_header(payload) if following == UDP else payload
    return {"ok": True, "payload": payload.hex(), "seq": seq, "next": following, "spi": f"{spi:#010x}"}


def build_packet(keys, request):
    """`next` in the request is 17 when it is missing: then the payload is RTP, else it is taken as it stands."""
    spi, seq, following = int(request["spi"], 16), request["seq"], request.get("next", UDP)
    if spi not in keys:
        raise Refused(f"no SA with SPI {spi:#010x}")
    if not 0 < seq < 2**32 or following not in NEXT_HEADERS:
        raise Refused("sequence number or next header out of bounds")
    sa = keys[spi]
    source, destination = request.get("source", sa["source"]), request.get("destination", sa["destination"])
    payload = bytes.fromhex(request["payload"])
    if following == UDP:
        payload = add_udp_header(endpoint(source)[1], endpoint(destination)[1], payload)
    spi_copy, header = struct.pack("!I", spi), HEADER.pack(following, LENGTH_FIELD, 0, spi, seq)
    check = icv(bytes.fromhex(sa["key"]), source, destination, spi_copy, header, payload)
    return {"hex": (spi_copy + header + check + payload).hex(), "source": source, "destination": destination}


if __name__ == "__main__":
    main("ah", {"open": open_packet, "build": build_packet})
