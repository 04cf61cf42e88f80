"""Counts the packets of a capture (pcap, from stdin) whose octets of UDP came before, in the same direction, and those that were overtaken."""
import struct
import sys

data, at, seen, newest, twice, overtaken = sys.stdin.buffer.read(), 24, set(), {}, 0, 0
while at < len(data):
    length = struct.unpack("<I", data[at + 8:at + 12])[0]
    frame = data[at + 16:at + 16 + length]
    at += 16 + length
    key, sealed = frame[26:34] + frame[42:46], frame[42:]
    # Both headers begin with the SPI, and the sequence number follows: at 4 in ESP, at 12 behind AH's copy of the SPI.
    offset = 12 if sealed[4:6] == b"\x32\x05" or sealed[4:6] == b"\x11\x05" else 4
    number = struct.unpack(">I", sealed[offset:offset + 4])[0]
    twice += sealed in seen
    overtaken += sealed not in seen and number < newest.get(key, 0)
    newest[key] = max(number, newest.get(key, 0))
    seen.add(sealed)
print(twice, overtaken)
