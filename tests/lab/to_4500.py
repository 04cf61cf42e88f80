"""Copies a capture of Ethernet frames with IPv4 and IPv6, with UDP port 4500 in place of every media port, outside and not inside of ESP."""
import struct
import sys

source, target = sys.argv[1:]
with open(source, "rb") as read, open(target, "wb") as written:
    written.write(read.read(24))
    while header := read.read(16):
        length = struct.unpack("<I", header[8:12])[0]
        frame = bytearray(read.read(length))
        version = {b"\x08\x00": 4, b"\x86\xdd": 6}.get(bytes(frame[12:14]))
        at, protocol = {4: (14 + 4 * (frame[14] & 15), frame[23]), 6: (54, frame[20])}.get(version, (length, 0))
        if at + 8 < length and protocol == 17 and frame[at + 8] >= 192:
            frame[at:at + 4] = struct.pack(">HH", 4500, 4500)
            frame[at + 6:at + 8] = b"\0\0"
        written.write(header + frame)
