"""A bad line between two interfaces: line.py NEAR FAR LOSS JITTER_MS BURST SEED. Of the voice packets in either direction LOSS percent are lost, in bursts of
BURST packets on average, and each is up to JITTER_MS late; Signalling passes at once.
Which packets are lost follows from SEED and from a packet's number in its direction alone, so that everybody who is measured loses the same ones.
It says `ready`, and on a line of its own when the first voice packet came from NEAR (seconds, CLOCK_MONOTONIC)."""
import heapq
import random
import select
import socket
import struct
import sys
import time

SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, ETH_P_ALL = 263, 15, 23, 3
VNET, ETHERNET, UDP, VOICE = 10, 14, 17, range(10000, 65536)


def opened(interface):
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    line.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    line.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    line.bind((interface, ETH_P_ALL))
    return line


def is_voice(frame):
    """RTP, in whatever it is wrapped: IPv4, UDP, and an even port of those for voice. RTCP may have the odd one."""
    frame = frame[VNET + ETHERNET:]
    if len(frame) < 28 or frame[0] != 0x45 or frame[9] != UDP:
        return False
    port = struct.unpack(">H", frame[22:24])[0]
    return port in VOICE and port % 2 == 0


class Direction:
    """What one direction does to its n-th packet."""

    def __init__(self, loss, jitter, burst, seed):
        self.luck = random.Random(seed)
        # Two states (Gilbert): in the bad one everything is lost. It is left after BURST packets on average.
        self.leave = 1 / burst
        self.enter = self.leave * loss / (1 - loss) if loss else 0.0
        self.jitter, self.bad = jitter, False

    def fate(self):
        """Seconds late; None is lost."""
        change, late = self.luck.random(), self.jitter * self.luck.random()
        self.bad = change >= self.leave if self.bad else change < self.enter
        return None if self.bad else late


def main():
    near, far, loss, jitter, burst, seed = sys.argv[1:]
    ends = [opened(near), opened(far)]
    ways = [Direction(float(loss) / 100, float(jitter) / 1000, float(burst), f"{seed}-{way}") for way in range(2)]
    queue, count, spoke = [], 0, False
    print("ready", flush=True)
    while True:
        wait = max(0.0, queue[0][0] - time.monotonic()) if queue else None
        for end in select.select(ends, [], [], wait)[0]:
            frame, now = end.recv(70000), time.monotonic()
            voice = is_voice(frame)
            if voice and end is ends[0] and not spoke:
                spoke = True
                print(now, flush=True)
            late = ways[ends.index(end)].fate() if voice else 0.0
            if late is not None:
                count += 1
                heapq.heappush(queue, (now + late, count, ends[1 - ends.index(end)], frame))
        while queue and queue[0][0] <= time.monotonic():
            _, _, end, frame = heapq.heappop(queue)
            end.send(frame)


main()
