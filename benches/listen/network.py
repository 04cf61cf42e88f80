"""Two machines and a bad line between them, in network namespaces of this run."""
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
CALLER, CALLEE = "10.77.0.1", "10.77.0.2"


def run(*words, **more):
    return subprocess.run(words, check=True, **more)


def until(what, is_so, seconds=20):
    """Waits for a condition; what it was if it does not come."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError(f"it did not come about: {what}")
        time.sleep(0.02)


class Network:
    """`with Network(line) as network`: network.at("caller", ...) starts a program on a machine. Everything ends with it."""

    def __init__(self, number, loss, jitter, burst, seed):
        self.tag = f"svl{os.getpid()}x{number}"
        self.line = [str(value) for value in (loss, jitter, burst, seed)]
        self.processes = []

    def space(self, name):
        return f"{self.tag}{name}"

    def __enter__(self):
        for name in ("caller", "line", "callee"):
            run("ip", "netns", "add", self.space(name))
            run("ip", "-n", self.space(name), "link", "set", "lo", "up")
        for name, address in (("caller", CALLER), ("callee", CALLEE)):
            run("ip", "link", "add", "eth0", "netns", self.space(name), "type", "veth", "peer", "name", name, "netns", self.space("line"))
            run("ip", "-n", self.space(name), "addr", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", self.space(name), "link", "set", "eth0", "up")
            run("ip", "-n", self.space(name), "route", "add", "default", "via", CALLER if name == "callee" else CALLEE)
            run("ip", "-n", self.space("line"), "link", "set", name, "up", "promisc", "on")
        self.bad_line = self.at("line", sys.executable, HERE / "line.py", "caller", "callee", *self.line, stdout=subprocess.PIPE)
        self.bad_line.stdout.readline()
        return self

    def spoke(self):
        """When the caller's first voice packet came by, in seconds of CLOCK_MONOTONIC; after a call."""
        return float(self.bad_line.stdout.readline())

    def at(self, machine, *words, **more):
        more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | more
        words = [str(word) for word in ("ip", "netns", "exec", self.space(machine), *words)]
        self.processes.append(subprocess.Popen(words, **more))
        return self.processes[-1]

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        for name in ("caller", "line", "callee"):
            subprocess.run(["ip", "netns", "del", self.space(name)], check=False)
