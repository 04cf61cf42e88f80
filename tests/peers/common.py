"""What both strangers share: JSON lines in and out, the keys, addresses, and the UDP header inside a packet.

Written from PROTOCOL section 8 and the RFCs, without a look at our own code. Keys are a file with one SA a line:

    {"direction":"out","protocol":"esp","spi":"0xc0000001","suite":"chacha20-poly1305",
     "key":HEX,"salt":HEX,"source":"192.0.2.1:40000","destination":"192.0.2.2:40002"}

    PROGRAM open  KEYS < packets   {"hex":UDP payload,"source":"ip:port","destination":"ip:port"}
                                   -> {"ok":true,"payload":HEX,"seq":N,"next":17,"spi":"0x..."} or {"ok":false,"why":TEXT}
    PROGRAM build KEYS < requests  {"spi":"0x...","seq":N,"payload":HEX of RTP,"source":..,"destination":..}
                                   -> a packet as above, or {"ok":false,"why":TEXT}

One line out for every line in. `source` and `destination` of a request default to those of its SA.
"""
import ipaddress
import json
import struct
import sys

UDP = 17


class Refused(Exception):
    """The packet is not what it should be; the text says why."""


def endpoint(text):
    """'192.0.2.1:40000' or '[2001:db8::1]:40000' as (address, port)."""
    host, _, port = text.rpartition(":")
    return ipaddress.ip_address(host.strip("[]")), int(port)


def read_keys(path, protocol):
    keys = {}
    with open(path, encoding="utf-8") as lines:
        for line in filter(str.strip, lines):
            sa = json.loads(line)
            if sa["protocol"] == protocol:
                keys[int(sa["spi"], 16)] = sa
    return keys


def add_udp_header(source_port, destination_port, data):
    """The inner header, checksum zero (RFC 3948 section 3.1.2)."""
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(data), 0) + data


def strip_udp_header(datagram):
    if len(datagram) < 8 or struct.unpack("!H", datagram[4:6])[0] != len(datagram):
        raise Refused("the inner UDP header does not fit its datagram")
    return datagram[8:]


def answer(work, keys, line):
    try:
        return work(keys, json.loads(line))
    except Refused as refused:
        return {"ok": False, "why": str(refused)}
    except (LookupError, ValueError, TypeError, AttributeError, struct.error) as wrong:
        return {"ok": False, "why": f"the line is not as described: {wrong!r}"}


def main(protocol, verbs):
    if len(sys.argv) != 3 or sys.argv[1] not in verbs:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(verbs)} KEYS < lines")
    keys = read_keys(sys.argv[2], protocol)
    for line in filter(str.strip, sys.stdin):
        print(json.dumps(answer(verbs[sys.argv[1]], keys, line)), flush=True)
