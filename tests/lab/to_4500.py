"""Copies a capture of Ethernet frames with IPv4, with UDP port 4500 in place of every media port, outside and not inside of ESP."""
import struct
import sys

source, target = sys.argv[1:]
with open(source, "rb") as read, open(target, "wb") as written:
    written.write(read.read(24))
    while header := read.read(16):
        length = struct.unpack("<I", header[8:12])[0]
        frame = bytearray(read.read(length))
        at = 14 + 4 * (frame[14] & 15) if frame[12:14] == b"\x08\x00" else length
        if at + 8 < length and frame[23] == 17 and frame[at + 8] >= 192:
            frame[at:at + 4] = struct.pack(">HH", 4500, 4500)
            frame[at + 6:at + 8] = b"\0\0"
        written.write(header + frame)
