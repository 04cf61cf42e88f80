#!/usr/bin/env python3
"""frames.py CAPTURE: what goes by TCP on media ports, cut as RFC 9329 has it; prints how many frames are ESP's, how many are something else, how
many connections begin with IKETCP, and how many pieces of 16 octets come twice (a tone in clear repeats itself, what is sealed does not)."""
import collections, subprocess, sys

fields = ["tcp.stream", "ip.src", "tcp.srcport", "tcp.seq_raw", "tcp.payload"]
media = "tcp.len > 0 and (tcp.port >= 16384 and tcp.port <= 32767)"
rows = subprocess.run(
    ["tshark", "-r", sys.argv[1], "-Y", media, "-T", "fields"] + [word for field in fields for word in ("-e", field)],
    capture_output=True, text=True, check=True).stdout.splitlines()
pieces = collections.defaultdict(dict)
for row in rows:
    stream, source, port, sequence, payload = row.split("\t")
    pieces[stream, source, port][int(sequence)] = bytes.fromhex(payload.replace(":", ""))
sealed = other = prefixes = 0
blocks = collections.Counter()
for parts in pieces.values():
    octets, at = b"", min(parts)
    for sequence in sorted(parts):
        # What was sent again is there already.
        fresh = parts[sequence][max(0, at - sequence):]
        assert sequence <= at, "a piece is missing in the capture"
        octets += fresh
        at += len(fresh)
    if octets.startswith(b"IKETCP"):
        prefixes += 1
        octets = octets[6:]
    while len(octets) >= 2:
        length = int.from_bytes(octets[:2], "big")
        if length < 3 or length > len(octets):
            break
        packet, octets = octets[2:length], octets[length:]
        if packet[0] >= 0xc0:
            sealed += 1
        else:
            other += 1
        # Behind SPI, sequence number and IV.
        blocks.update(packet[at:at + 16] for at in range(16, len(packet) - 31))
print(sealed, other, prefixes, sum(count - 1 for count in blocks.values()))
