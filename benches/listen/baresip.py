"""The same call between two baresip (Debian's baresip-core), in clear: it cannot do better by that."""
import subprocess
from pathlib import Path

from ear import Ear
from network import CALLEE, CALLER, run, until

MODULES = Path("/usr/lib/baresip/modules")
CODEC = {"pcmu": "g711", "pcma": "g711", "g722": "g722", "opus": "opus"}
NAME = {"pcmu": "PCMU/8000/1", "pcma": "PCMA/8000/1", "g722": "G722/16000/1", "opus": "opus/48000/2"}

RATE = {"pcmu": 8000, "pcma": 8000, "g722": 16000, "opus": 48000}
# Its Opus has two channels always, and it takes files only with as many.
CHANNELS = {"pcmu": 1, "pcma": 1, "g722": 1, "opus": 2}
# What its configuration says when it is new.
JITTER = "jitter_buffer_delay 5-10"

CONFIG = """\
poll_method epoll
call_local_timeout 120
call_max_calls 4
net_interface eth0
sip_listen {address}:5060
snd_path {folder}
audio_path /usr/share/baresip
audio_source {source}
audio_player {player}
audio_alert aufile,{folder}/alert.wav
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
audio_buffer 20-160
rtp_ports 20000-20100
{jitter}
opus_bitrate 28000
opus_inbandfec yes
opus_packet_loss 10
module_path {modules}
module {codec}.so
module aufile.so
{bridge}
module sndfile.so
{plc}
module_tmp uuid.so
module_tmp account.so
module_app contact.so
module_app menu.so
"""


class Telephone:
    def __init__(self, network, machine, address, folder, codec, said, jitter, *more):
        folder.mkdir()
        # Its own concealment knows one channel; libopus conceals by itself.
        plc = "module plc.so" if CHANNELS[codec] == 1 else ""
        source, bridge = (f"aufile,{said}", "") if said else ("aubridge,loop", "module aubridge.so")
        text = CONFIG.format(address=address, source=source, player=source, bridge=bridge, folder=folder, jitter=jitter, modules=MODULES, codec=CODEC[codec], plc=plc)
        (folder / "config").write_text(text)
        (folder / "accounts").write_text(f"<sip:{machine}@{address}>;regint=0;answermode=auto;audio_codecs={NAME[codec]}\n")
        (folder / "contacts").write_text("")
        self.log = folder / "log"
        # It reads commands from a terminal: the line stays open and empty.
        self.process = network.at(machine, "baresip", "-f", folder, "-v", *more, cwd=folder,
                                  stdin=subprocess.PIPE, stdout=self.log.open("w"), stderr=subprocess.STDOUT)

    def says(self, words):
        return words in self.log.read_text(errors="replace")


def call(network, folder, codec, said, seconds, jitter=JITTER):
    """The file of what was decoded, and what its loudspeaker was given: it has none that writes a file, so the loudspeaker is its microphone (aubridge),
    and what that hears is written."""
    spoken = folder / "said.wav"
    run("sox", "-q", said, "-c", str(CHANNELS[codec]), spoken)
    ear = Ear(folder / "callee", "*-enc.wav")
    callee = Telephone(network, "callee", CALLEE, folder / "callee", codec, None, jitter)
    until("the callee runs", lambda: callee.says("baresip is ready"))
    caller = Telephone(network, "caller", CALLER, folder / "caller", codec, spoken, jitter, "-e", f"d sip:callee@{CALLEE}", "-t", str(seconds))
    until("the call stands", lambda: callee.says("Call established"))
    caller.process.wait(seconds + 20)
    callee.process.terminate()
    callee.process.wait(10)
    return next((folder / "callee").glob("*-dec.wav")), ear.closed()
