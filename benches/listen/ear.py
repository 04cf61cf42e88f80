"""From mouth to ear: when what was said is heard. A program writes what its loudspeaker is given to a file, a frame whenever it is due, so that the
file's growth tells when."""
import statistics
import threading
import time

import numpy
import soundfile
from scipy.signal import correlate

# How often one looks at the file, in seconds: the half of it is the error.
LOOK = 0.002
# A WAV header before the samples, in octets; and of a packet, in seconds: its first sample is as old as that when it leaves.
HEADER, PACKET = 44, 0.02
# Pieces of speech that are searched for, in seconds, and how far behind they may be.
PIECE, FARTHEST = 1.0, 3.0


class Ear(threading.Thread):
    """Watches a file that does not exist yet."""

    def __init__(self, folder, pattern):
        super().__init__(daemon=True)
        self.folder, self.pattern, self.grown, self.done = folder, pattern, [], threading.Event()
        self.start()

    def path(self):
        return next(self.folder.glob(self.pattern), None)

    def size(self):
        try:
            return self.path().stat().st_size
        except (AttributeError, FileNotFoundError):
            # Not there yet, or about to be put in its place.
            return 0

    def run(self):
        size = 0
        while not self.done.wait(LOOK):
            now, is_now = time.monotonic(), self.size()
            if is_now > size:
                self.grown.append((now, is_now))
                size = is_now

    def closed(self):
        self.done.set()
        self.join()
        return self

    def delay(self, said, spoke):
        """Seconds from mouth to ear, the median over the pieces of the reference; `spoke` is when its first packet left (CLOCK_MONOTONIC)."""
        reference, rate = soundfile.read(said, dtype="float64")
        heard, _ = soundfile.read(self.path(), dtype="float64", always_2d=True)
        octets = 2 * heard.shape[1]
        delays = []
        for begin in range(0, len(reference) - int(PIECE * rate), int(PIECE * rate)):
            piece = reference[begin:begin + int(PIECE * rate)]
            if numpy.sqrt(numpy.mean(piece ** 2)) < 0.02:
                continue
            at = found(piece, heard[:, 0], begin, int(FARTHEST * rate))
            delays.append(self.heard_at(HEADER + octets * at, octets * rate) - (spoke - PACKET + begin / rate))
        return statistics.median(delays)

    def heard_at(self, octet, per_second):
        """What is written in one go was due one after the other, the last of it at that moment."""
        now, size = next(one for one in self.grown if one[1] >= octet)
        return now - (size - octet) / per_second


def found(piece, heard, begin, farthest):
    """The sample at which the piece begins in what was heard; not farther than that from where it was said."""
    first = max(begin - farthest, 0)
    within = heard[first:begin + farthest + len(piece)]
    likeness = correlate(within, piece, mode="valid", method="fft")
    return first + int(numpy.argmax(likeness))
