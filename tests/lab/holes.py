"""Counts the frames of 20 ms with less than half the usual loudness, between the first and the last that has it, in a WAV file of a tone."""
import statistics
import struct
import sys
import wave

with wave.open(sys.argv[1]) as sound:
    size = sound.getframerate() // 50
    samples = struct.unpack(f"<{sound.getnframes()}h", sound.readframes(sound.getnframes()))
frames = [samples[at:at + size] for at in range(0, len(samples) - size, size)]
loudness = [sum(sample * sample for sample in frame) for frame in frames]
heard = [value * 4 > statistics.median(loudness) for value in loudness]
first, last = heard.index(True), len(heard) - heard[::-1].index(True)
print(heard[first:last].count(False))
