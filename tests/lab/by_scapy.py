"""Opens the sealed packets of a capture of Ethernet frames with the key log (KEYS.json) and scapy: by_scapy.py CAPTURE KEYS.json

One line for each packet: suite, outer source, outer destination, the two addresses inside or "-", and what it carries: rtp, rtcp, or why it
does not open. esp.py of tests/peers does it twice, by the letter of the RFCs and with scapy, and refuses where the two disagree.
"""
import ipaddress
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from common import Refused, read_keys  # noqa: E402
from esp import open_packet  # noqa: E402

MEDIA, UDP = range(16384, 32768), 17


def frames(path):
    data, at = pathlib.Path(path).read_bytes(), 24
    while at < len(data):
        length = struct.unpack("<I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def udp(frame):
    """Source, destination, and the UDP datagram, or nothing."""
    kind, packet = frame[12:14], frame[14:]
    if kind == b"\x08\x00" and packet[9] == UDP:
        return packet[12:16], packet[16:20], packet[4 * (packet[0] & 15):]
    if kind == b"\x86\xdd" and packet[6] == UDP:
        return packet[8:24], packet[24:40], packet[40:]
    return None


def end(octets, port):
    address = ipaddress.ip_address(octets)
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def opened(keys, source, destination, payload):
    try:
        packet = open_packet(keys, {"hex": payload.hex(), "source": source, "destination": destination})
    except Refused as why:
        return "- -", str(why)
    inner = " ".join(packet["inner"] or ["-", "-"])
    first = bytes.fromhex(packet["payload"])
    # RFC 5761 section 4.
    return inner, "rtcp" if first[0] >> 6 == 2 and 192 <= first[1] <= 223 else "rtp" if first[0] >> 6 == 2 else "neither"


keys = read_keys(sys.argv[2], "esp")
for frame in frames(sys.argv[1]):
    found = udp(frame)
    if not found:
        continue
    ports = struct.unpack("!HH", found[2][:4])
    payload = found[2][8:struct.unpack("!H", found[2][4:6])[0]]
    if ports[0] not in MEDIA or not payload or payload[0] < 192:
        continue
    suite = keys.get(struct.unpack("!I", payload[:4])[0], {}).get("suite", "?")
    inner, carried = opened(keys, end(found[0], ports[0]), end(found[1], ports[1]), payload)
    print(suite, ipaddress.ip_address(found[0]), ipaddress.ip_address(found[1]), inner, carried)
