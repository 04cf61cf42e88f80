"""What a call costs: one of our agents in a protected call beside a baresip in one in clear, with the same codec, in one run. cost.py [CODEC] [SECONDS];
`make listen NAME=cost`. It ends with `N passed, N failed`, and with 1 where a goal is missed."""
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import baresip
import ours
from network import CALLEE, CALLER, Network, run, until

# Of baresip's processor time.
MOST_CPU = 0.5
# Resident, in octets.
MOST_MEMORY = 12_000_000


def cpu(process):
    """Seconds on all processors, the system's work for it included, of the threads that it has now (proc_pid_schedstat: nanoseconds)."""
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident(process):
    line = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def observed(callee, dial, seconds):
    """Octets before the call, the share of one processor in it, octets in it each second."""
    time.sleep(2)
    idle = resident(callee)
    dial()
    time.sleep(2)
    used, began = cpu(callee), time.monotonic()
    in_call = []
    while time.monotonic() - began < seconds:
        time.sleep(1)
        in_call.append(resident(callee))
    return idle, (cpu(callee) - used) / (time.monotonic() - began), in_call


def of_ours(network, folder, codec, said, seconds):
    callee = ours.Agent(network, "callee", CALLEE, folder / "callee", codec, input=f"file:{said}", output="none")
    caller = ours.Agent(network, "caller", CALLER, folder / "caller", codec, input=f"file:{said}", output="none")
    peer = f"sip:callee@{CALLEE}"
    asked = caller.command("ask", peer, "--approve")
    if asked.returncode != 0:
        raise RuntimeError(f"the ask failed: {asked.stdout}{asked.stderr}")
    dial = lambda: network.at("caller", *caller.words("call", peer, "--duration", seconds + 10))
    return observed(callee.process, dial, seconds)


def of_baresip(network, folder, codec, said, seconds):
    callee = baresip.Telephone(network, "callee", CALLEE, folder / "callee", codec, said, baresip.JITTER)
    until("the callee runs", lambda: callee.says("baresip is ready"))

    def dial():
        baresip.Telephone(network, "caller", CALLER, folder / "caller", codec, said, baresip.JITTER,
                          "-e", f"d sip:callee@{CALLEE}", "-t", str(seconds + 10))
        until("the call stands", lambda: callee.says("Call established"))

    return observed(callee.process, dial, seconds)


def measure(who, codec, seconds):
    with tempfile.TemporaryDirectory() as folder, Network(0, 0, 0, 1, 1) as network:
        folder = Path(folder)
        said = folder / "said.wav"
        run("sox", "-q", "-n", "-r", str(baresip.RATE[codec]), "-c", "1", "-b", "16", said, "synth", str(seconds + 30), "pinknoise", "gain", "-20")
        return who(network, folder, codec, said, seconds)


def main():
    codec = sys.argv[1] if sys.argv[1:] else "pcmu"
    seconds = int(sys.argv[2]) if sys.argv[2:] else 60
    mine, theirs = measure(of_ours, codec, seconds), measure(of_baresip, codec, seconds)
    for name, (idle, share, used) in (("ours, protected", mine), ("baresip, in clear", theirs)):
        said = f"{share * 100:5.2f} % of a core, {median(used) / 1e6:5.1f} MB resident in the call ({min(used) / 1e6:.1f} to {max(used) / 1e6:.1f})"
        print(f"{codec} {name:18} {said}, {idle / 1e6:5.1f} MB before it")
    goals = [
        (mine[1] <= theirs[1] * MOST_CPU, f"at most {MOST_CPU:.0%} of baresip's processor time: {mine[1] / theirs[1]:.2f} of it"),
        (median(mine[2]) < MOST_MEMORY, f"under {MOST_MEMORY / 1e6:.0f} MB resident in the call, half of the time: {median(mine[2]) / 1e6:.1f} MB"),
    ]
    for holds, what in goals:
        print("ok  " if holds else "MISS", what)
    failed = sum(not holds for holds, _ in goals)
    print(f"{len(goals) - failed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
