#!/usr/bin/env python3
"""ESP inside UDP (RFC 4303, RFC 3948; RFC 7634, RFC 4106), in transport and tunnel mode, and IPComp in it (RFC 3173, RFC 2394).
See common.py for lines and keys; of a tunnel `inner` has the two addresses, of IPComp `packed` is true, `padding` counts octets behind
what the inner headers give as length (RFC 4303 section 2.7).

`open` opens every packet twice, with the AEAD of `cryptography` by the letter of the RFCs and with the ESP of scapy, and
refuses one on which the two disagree. `build` lets scapy build, so that building and the first way of opening share nothing:
`"tunnel":[SOURCE,DESTINATION]` makes it a tunnel between the ends of the SA, `"pack":true` compresses.
"""
import ipaddress
import struct
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from scapy.all import IP, UDP as UdpLayer, IPv6, Raw
from scapy.layers.ipsec import ESP, IPSecIntegrityError, SecurityAssociation

from common import UDP, Refused, endpoint, main

HEADER, IV, ICV = 8, 8, 16
IPV4, IPV6, IPCOMP = 4, 41, 108
DEFLATE = 2
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
    """What ESP carries, and of which protocol."""
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
    return following, plain[:end]


def ones_sum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def leave_tunnel(following, packet):
    """What an inner IP packet carries, of which protocol, its two addresses, and what stands behind it."""
    if following == IPV4:
        if packet[0] != 0x45 or ones_sum(packet[:20]) != 0xFFFF or struct.unpack("!H", packet[6:8])[0] & 0x3FFF:
            raise Refused("the inner IPv4 header is wrong")
        if not packet[8]:
            raise Refused("no time to live")
        end, header, inner, protocol = struct.unpack("!H", packet[2:4])[0], 20, packet[12:20], packet[9]
    else:
        if packet[0] >> 4 != 6 or not packet[7]:
            raise Refused("the inner IPv6 header is wrong")
        end, header, inner, protocol = 40 + struct.unpack("!H", packet[4:6])[0], 40, packet[8:40], packet[6]
    if end > len(packet):
        raise Refused("the inner packet is longer than what carries it")
    half = len(inner) // 2
    addresses = [str(ipaddress.ip_address(part)) for part in (inner[:half], inner[half:])]
    return protocol, packet[header:end], addresses, len(packet) - end


def unpack(packet):
    following, _flags, cpi = struct.unpack("!BBH", packet[:4])
    if cpi != DEFLATE:
        raise Refused(f"CPI {cpi}")
    engine = zlib.decompressobj(-15)
    try:
        whole = engine.decompress(packet[4:], 65535)
    except zlib.error:
        raise Refused("it does not decompress") from None
    if not engine.eof or engine.unused_data:
        raise Refused("it does not end where it should")
    if len(packet) >= len(whole):
        raise Refused("it is no shorter by that")
    return following, whole


def udp_data(datagram, addresses):
    """The data, and what stands behind it."""
    length, checksum = struct.unpack("!HH", datagram[4:8])
    if length < 8 or length > len(datagram):
        raise Refused("the inner UDP header does not fit its datagram")
    if checksum or addresses and ":" in addresses[0]:
        check_sum(datagram[:length], addresses)
    return datagram[8:length], len(datagram) - length


def check_sum(datagram, addresses):
    """RFC 8200 section 8.1, in a tunnel, where the addresses are known."""
    if not addresses:
        return
    ends = b"".join(ipaddress.ip_address(address).packed for address in addresses)
    pseudo = ends + struct.pack("!II", len(datagram), UDP)
    if ones_sum(pseudo + datagram + bytes(len(datagram) % 2)) != 0xFFFF:
        raise Refused("the inner UDP checksum is wrong")


def association(sa, source_port, destination_port, tunnel=None):
    key, salt = secrets(sa)
    return SecurityAssociation(
        ESP, spi=int(sa["spi"], 16), crypt_algo=SUITES[sa["suite"]][1], crypt_key=key + salt, tunnel_header=tunnel,
        nat_t_header=UdpLayer(sport=source_port, dport=destination_port))


def ip_header(source, destination, **fields):
    layer = IP if source.version == 4 else IPv6
    return layer(src=str(source), dst=str(destination), **fields)


def open_with_scapy(sa, packet, data, following):
    """What ESP carries."""
    (source, source_port), (destination, destination_port) = endpoint(packet["source"]), endpoint(packet["destination"])
    outer = ip_header(source, destination) / UdpLayer(sport=source_port, dport=destination_port) / ESP(data)
    tunnel = ip_header(source, destination) if following in (IPV4, IPV6) else None
    try:
        opened = association(sa, source_port, destination_port, tunnel).decrypt(outer)
    except IPSecIntegrityError:
        raise Refused("the integrity check failed") from None
    return bytes(opened) if tunnel else bytes(opened.payload)


def open_packet(keys, packet):
    data = bytes.fromhex(packet["hex"])
    if len(data) < HEADER + IV + 2 + ICV:
        raise Refused("too short for ESP")
    spi, seq = struct.unpack("!II", data[:HEADER])
    if spi not in keys:
        raise Refused(f"no SA with SPI {spi:#010x}")
    if data[HEADER:HEADER + IV] != struct.pack("!Q", seq):
        raise Refused("the IV is not the sequence number")
    following, carried = open_by_the_letter(keys[spi], data)
    if open_with_scapy(keys[spi], packet, data, following) != carried:
        raise Refused("scapy reads another payload")
    return {"ok": True, "seq": seq, "next": following, "spi": f"{spi:#010x}", **peel(following, carried)}


def peel(following, carried):
    inner, packed, padding = None, False, 0
    while following != UDP:
        if following in (IPV4, IPV6) and inner is None:
            following, carried, inner, more = leave_tunnel(following, carried)
            padding += more
        elif following == IPCOMP and not packed:
            following, carried = unpack(carried)
            packed = True
        else:
            raise Refused(f"next header {following}")
    payload, more = udp_data(carried, inner)
    return {"payload": payload.hex(), "inner": inner, "packed": packed, "padding": padding + more}


def pack(following, datagram):
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return struct.pack("!BBH", following, 0, DEFLATE) + engine.compress(datagram) + engine.flush()


def build_packet(keys, request):
    spi, seq = int(request["spi"], 16), request["seq"]
    if spi not in keys:
        raise Refused(f"no SA with SPI {spi:#010x}")
    if not 0 < seq < 2**32:
        raise Refused("sequence number out of bounds")
    sa = keys[spi]
    source_text, destination_text = request.get("source", sa["source"]), request.get("destination", sa["destination"])
    (source, source_port), (destination, destination_port) = endpoint(source_text), endpoint(destination_text)
    inner = [ipaddress.ip_address(text) for text in request["tunnel"]] if "tunnel" in request else [source, destination]
    # Checksum zero over IPv4 (RFC 3948 section 3.1.2); over IPv6 scapy computes it.
    checksum = {"chksum": 0} if inner[0].version == 4 else {}
    whole = ip_header(*inner) / UdpLayer(sport=source_port, dport=destination_port, **checksum) / Raw(bytes.fromhex(request["payload"]))
    if request.get("pack"):
        number = {"proto" if inner[0].version == 4 else "nh": IPCOMP}
        whole = ip_header(*inner, **number) / Raw(pack(UDP, bytes(whole)[20 if inner[0].version == 4 else 40:]))
    tunnel = ip_header(source, destination) if "tunnel" in request else None
    sealing = association(sa, source_port, destination_port, tunnel)
    sealed = sealing.encrypt(whole, seq_num=seq, iv=struct.pack("!Q", seq))
    return {"hex": bytes(sealed[UdpLayer].payload).hex(), "source": source_text, "destination": destination_text}


if __name__ == "__main__":
    main("esp", {"open": open_packet, "build": build_packet})
