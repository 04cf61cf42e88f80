"""A call between two of our agents: the caller plays a recording, under ESP, and the callee writes what it hears."""
import json
import os
import subprocess

from ear import Ear
from network import CALLEE, CALLER, until

BIN = os.environ.get("SOTTOVOCE", "target/release/sottovoce")


class Agent:
    def __init__(self, network, machine, address, folder, codec, **audio):
        self.network, self.machine, self.folder = network, machine, folder
        folder.mkdir()
        audio = "".join(f'{name} = "{value}"\n' for name, value in audio.items())
        (folder / "sottovoce.toml").write_text(
            f'entity = "sip:{machine}@{address}"\n[sip]\nlisten = ["udp:{address}:5060"]\n[answer]\nmode = "auto"\n'
            '[watchers]\nunknown = "place"\n[policy]\ndefault = ["spdadd any any udp -P out ipsec esp/transport//require;"]\n'
            f'[audio]\ncodecs = ["{codec}"]\n{audio}'
        )
        self.process = network.at(machine, *self.words("run"))
        until(f"{machine} runs", lambda: self.command("status").returncode == 0)

    def words(self, *words):
        return [BIN, "--json", "--config", self.folder / "sottovoce.toml", "--data-dir", self.folder / "data", *words]

    def command(self, *words):
        words = ["ip", "netns", "exec", self.network.space(self.machine), *map(str, self.words(*words))]
        return subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def call(network, folder, codec, said, seconds):
    """The file of what was heard, and the same as the loudspeaker got it."""
    heard = folder / "heard.wav"
    ear = Ear(folder, "heard.wav")
    callee = Agent(network, "callee", CALLEE, folder / "callee", codec, input="silence", output=f"file:{heard}")
    caller = Agent(network, "caller", CALLER, folder / "caller", codec, input=f"file:{said}", output="none")
    peer = f"sip:callee@{CALLEE}"
    asked = caller.command("ask", peer, "--approve")
    if asked.returncode != 0:
        raise RuntimeError(f"the ask failed: {asked.stdout}{asked.stderr}")
    called = caller.command("call", peer, "--duration", str(seconds))
    if called.returncode != 0:
        raise RuntimeError(f"the call failed: {called.stdout}{called.stderr}")
    until("the recording is complete", lambda: not json.loads(callee.command("status").stdout)["calls"], 10)
    return heard, ear.closed()
