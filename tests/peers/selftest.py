#!/usr/bin/env python3
"""The strangers against each other, before they judge us: everything that one builds the other opens, and nothing else."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ENDS = [("192.0.2.1:40000", "192.0.2.2:40002"), ("[2001:db8::1]:40000", "[2001:db8::2]:40002")]
TUNNELS = [("10.0.0.1", "10.0.0.2"), ("2001:db8:1::1", "2001:db8:1::2")]
# 172 octets as of one G.711 frame, and shorter ones so that every length of padding occurs.
PAYLOADS = [bytes([0x80, 0, 0, 1]) + bytes(range(n)) for n in (0, 8, 9, 10, 11, 168)]


def associations():
    spi = 0xC0000001
    for source, destination in ENDS:
        for suite, length in (("aes-128-gcm", 16), ("aes-256-gcm", 32), ("chacha20-poly1305", 32)):
            yield {"protocol": "esp", "spi": f"{spi:#x}", "suite": suite, "key": bytes(range(length)).hex(),
                   "salt": "a0a1a2a3", "direction": "out", "source": source, "destination": destination}
            spi += 1
        yield {"protocol": "ah", "spi": f"{spi:#x}", "suite": "hmac-sha2-256-128", "key": bytes(range(32)).hex(),
               "salt": "", "direction": "out", "source": source, "destination": destination}
        spi += 1


def run(program, verb, keys, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([sys.executable, os.path.join(HERE, program), verb, keys], input=text, text=True,
                          stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def damaged(packet):
    """Every octet flipped, every truncation, and both ends changed."""
    data = bytes.fromhex(packet["hex"])
    for at in range(len(data)):
        yield {**packet, "hex": (data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]).hex()}
        yield {**packet, "hex": data[:at].hex()}


def elsewhere(packet):
    yield {**packet, "source": packet["source"][:-1] + "7"}
    yield {**packet, "destination": packet["destination"][:-1] + "7"}
    yield {**packet, "source": packet["destination"], "destination": packet["source"]}


def check(program, sas, keys):
    requests = [{"spi": sa["spi"], "seq": seq, "payload": payload.hex()}
                for sa in sas for seq, payload in enumerate(PAYLOADS, start=1)]
    if program == "esp.py":
        framings = [{"tunnel": list(TUNNELS[0])}, {"tunnel": list(TUNNELS[1])}, {"pack": True}, {"tunnel": list(TUNNELS[1]), "pack": True}]
        requests += [{"spi": sa["spi"], "seq": seq, "payload": bytes(200).hex(), **framing}
                     for sa in sas for seq, framing in enumerate(framings, start=len(PAYLOADS) + 1)]
    packets = run(program, "build", keys, requests)
    for request, opened in zip(requests, run(program, "open", keys, packets), strict=True):
        assert opened.get("inner") == request.get("tunnel") and opened.get("packed", False) == request.get("pack", False), opened
        assert opened["ok"] and (opened["payload"], opened["seq"]) == (request["payload"], request["seq"]), (request, opened)
    for packet in packets[1::len(PAYLOADS)]:
        for opened in run(program, "open", keys, damaged(packet)):
            assert not opened["ok"], opened
        if program == "ah.py":
            for opened in run(program, "open", keys, elsewhere(packet)):
                assert opened == {"ok": False, "why": "the integrity check failed"}, opened
    return len(packets)


def check_bundle(sas, keys):
    """AH outside, ESP inside."""
    esp = next(sa for sa in sas if sa["protocol"] == "esp")
    ah = next(sa for sa in sas if sa["protocol"] == "ah")
    [sealed] = run("esp.py", "build", keys, [{"spi": esp["spi"], "seq": 3, "payload": PAYLOADS[-1].hex()}])
    [packet] = run("ah.py", "build", keys, [{"spi": ah["spi"], "seq": 9, "next": 50, "payload": sealed["hex"]}])
    [outer] = run("ah.py", "open", keys, [packet])
    assert (outer["next"], outer["seq"]) == (50, 9), outer
    [inner] = run("esp.py", "open", keys, [{**packet, "hex": outer["payload"]}])
    assert inner["payload"] == PAYLOADS[-1].hex(), inner


def main():
    sas = list(associations())
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as keys:
        keys.write("".join(json.dumps(sa) + "\n" for sa in sas))
        keys.flush()
        for program in ("esp.py", "ah.py"):
            mine = [sa for sa in sas if sa["protocol"] == program[:-3]]
            print(program, check(program, mine, keys.name), "packets built, opened, and refused when damaged")
        check_bundle(sas, keys.name)
        print("ah outside of esp: opened")


if __name__ == "__main__":
    main()
