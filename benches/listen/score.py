"""How well a recording is what was said: PESQ-WB (ITU-T P.862.2) and ViSQOL in its speech mode, after the recording was laid on the reference."""
import numpy
import soundfile
from pesq import pesq
from scipy.signal import correlate, resample_poly

RATE = 16000


def read(path):
    """Mono at RATE, from -1 to 1."""
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return resample_poly(samples[:, 0], RATE, rate)


def laid_on(reference, heard):
    """The part of the recording that is the reference, as long as that, and how many seconds after the beginning of the recording it starts."""
    fit = correlate(heard, reference, mode="full", method="fft")
    begin = int(numpy.argmax(fit)) - (len(reference) - 1)
    part = heard[max(begin, 0):begin + len(reference)]
    part = numpy.concatenate([numpy.zeros(max(-begin, 0)), part])
    return numpy.concatenate([part, numpy.zeros(len(reference) - len(part))]), begin / RATE


def score(reference, heard):
    """PESQ-WB and ViSQOL, both from 1 to 5."""
    part, _ = laid_on(reference, heard)
    return pesq(RATE, reference, part, "wb"), visqol(reference, part)


def visqol(reference, part):
    from visqol import VisqolApi
    api = VisqolApi()
    api.create(mode="speech", use_lattice_model=False)
    return api.measure_from_arrays(reference, part, sample_rate=RATE).moslqo
