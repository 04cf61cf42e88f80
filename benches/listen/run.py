"""Speech over bad lines: ours and baresip's, with the same codec, over the same losses, in one run. `make listen` runs it; words name codecs,
`--quick` takes one seed. Each cell is PESQ-WB, ViSQOL and milliseconds from mouth to ear (without a sound card), the mean over the seeds. It ends with `N passed, N failed`, and with 1 where a goal is missed."""
import argparse
import concurrent.futures
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import baresip
import ours
import score
from network import Network, run

# A man who names loudspeakers, one after the other, and a woman who reads two sentences of a novel.
SPEECH = [*sorted(Path("/usr/share/sounds/alsa").glob("*_*.wav")),
          Path("/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0890.wav")]
CODECS = ("pcmu", "g722", "opus")
# Loss in percent, jitter in milliseconds, packets of a burst.
LINES = [(0, 0, 1), (0, 30, 1), (2, 30, 1), (5, 30, 1), (10, 30, 1), (20, 30, 1), (5, 30, 3), (10, 30, 3)]
SEEDS = (1, 2, 3)
# Which packets are lost is chance, and which words they belong to: between two seeds of one cell PESQ differs by 0.5 and more. A cell that misses a
# goal after three is heard with these too, and the mean of all nine counts.
FURTHER = (4, 5, 6, 7, 8, 9)
WHO = {"ours": ours.call, "baresip": baresip.call}
# What is measured twice is not the same twice: PESQ and ViSQOL of one cell. Nobody hears that.
SAME = 0.05
# Of milliseconds from mouth to ear that much is nothing: a packet.
AS_SOON = 20
# At this loss ours is better by that much.
BETTER_AT, BETTER_BY = 10, 0.3


def reference(folder, rate):
    """Human speech, 18 s of it, at the codec's rate."""
    said = folder / f"said-{rate}.wav"
    if not said.exists():
        at_rate = [f"|sox -q {file} -p rate {rate}" for file in SPEECH]
        run("sox", "-q", *at_rate, "-r", str(rate), "-c", "1", "-b", "16", str(said), "gain", "-3", "pad", "0.5", "1")
    return said


def measure(work):
    """One call over one line: PESQ, ViSQOL, milliseconds."""
    number, who, codec, line, seed, said, folder = work
    folder = folder / f"{number}-{who}"
    folder.mkdir()
    seconds = int(float(subprocess.check_output(["soxi", "-D", said]))) + 2
    with Network(number, *line, seed) as network:
        heard, ear = WHO[who](network, folder, codec, said, seconds)
        delay = ear.delay(said, network.spoke())
    return *score.score(score.read(said), score.read(heard)), 1000 * delay


def cell(results, who, codec, line):
    of = [value for (one, other, third, _), value in results.items() if (one, other, third) == (who, codec, line)]
    return [statistics.mean(column) for column in zip(*of)]


def both(results, codec, line):
    """Ours, baresip's, and by how much ours is ahead."""
    mine, theirs = cell(results, "ours", codec, line), cell(results, "baresip", codec, line)
    return mine, theirs, [mine[0] - theirs[0], mine[1] - theirs[1], theirs[2] - mine[2]]


def goals(results, codec, line):
    """Each goal of a cell, and whether it is reached."""
    *_, ahead = both(results, codec, line)
    yield "not below baresip", min(ahead[:2]) > -SAME
    yield "not later than baresip", ahead[2] > -AS_SOON
    if line[0] == BETTER_AT:
        yield f"PESQ {BETTER_BY} above baresip", ahead[0] >= BETTER_BY


def missed(results, codecs):
    lines = [(codec, line) for codec in codecs for line in LINES]
    return [one for one in lines if not all(reached for _, reached in goals(results, *one))]


def judge(results, codecs):
    """Prints the table and what is missed. How many goals are reached, how many not."""
    print(f"{'codec':6} {'loss':>5} {'jitter':>7} {'burst':>5} {'calls':>5}   {'ours':>18} {'baresip':>18}   {'ahead by':>18}")
    passed = failed = 0
    for codec, line in [(codec, line) for codec in codecs for line in LINES]:
        mine, theirs, ahead = both(results, codec, line)
        heard = sum(one[:3] == ("ours", codec, line) for one in results)
        three = "{0[0]:5.2f} {0[1]:5.2f} {0[2]:4.0f} ms".format
        print(f"{codec:6} {line[0]:4d} % {line[1]:4d} ms {line[2]:5d} {heard:5d}   {three(mine)} {three(theirs)}   {ahead[0]:+5.2f} {ahead[1]:+5.2f} {ahead[2]:+4.0f} ms")
        for goal, reached in goals(results, codec, line):
            passed, failed = passed + reached, failed + (not reached)
            if not reached:
                print(f"MISS {codec} at {line[0]} % loss, {line[1]} ms jitter, bursts of {line[2]}: {goal}")
    return passed, failed


def hear(lines, seeds, folder, first):
    """What every call was like: codecs and lines, each with each seed, ours and baresip's. `first` numbers the calls."""
    cells = [(who, codec, line, seed) for codec, line in lines for seed in seeds for who in WHO]
    works = [(first + number, *one, reference(folder, baresip.RATE[one[1]]), folder) for number, one in enumerate(cells)]
    done = []
    with concurrent.futures.ProcessPoolExecutor(4) as pool:
        for value in pool.map(measure, works):
            done.append(value)
            print(f"\r{len(done)} of {len(works)} calls", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return dict(zip(cells, done))


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("codec", nargs="*", choices=[[], *CODECS])
    ask.add_argument("--quick", action="store_true")
    wanted = ask.parse_args()
    codecs, seeds = wanted.codec or CODECS, SEEDS[:1] if wanted.quick else SEEDS
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        results = hear([(codec, line) for codec in codecs for line in LINES], seeds, folder, 0)
        again = [] if wanted.quick else missed(results, codecs)
        if again:
            results |= hear(again, FURTHER, folder, len(results))
    passed, failed = judge(results, codecs)
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
