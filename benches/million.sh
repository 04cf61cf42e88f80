#!/usr/bin/env bash
# A policy database of a million entries, or of as many as its argument says, from the command line: imported, listed, asked, exported, read at
# the next start; and how long somebody else who asks the agent meanwhile waits at most. On loopback, in a directory that is removed.
set -euo pipefail
cd "$(dirname "$0")/.."

ENTRIES=${1:-1000000}
BIN=$PWD/target/release/sottovoce
ADDRESS=127.0.66.1
WORK=$(mktemp -d)
AGENT=
trap '[ -z "$AGENT" ] || kill "$AGENT" 2>/dev/null || true; wait; rm -rf "$WORK"' EXIT

cat >"$WORK/config.toml" <<TOML
entity = "sip:alice@$ADDRESS"
[sip]
listen = ["udp:$ADDRESS:5060"]
[control]
listen = "$ADDRESS:8060"
TOML

# Of ten lines eight are for devices, as approvals make them, one for an entity wherever it is, one for a network; each becomes two entries.
python3 - "$((ENTRIES / 2))" >"$WORK/entries" <<'PY'
import ipaddress, sys
for at in range(int(sys.argv[1])):
    host = ipaddress.ip_address(0x0a000005 + 16 * at)
    rules, entity = "udp -P out ipsec esp/transport//require;", f"entity=sip:user{at}@{host}"
    if at % 10 < 8:
        print(f"spdadd 192.168.1.1 {host} {rules} # sv: {entity} device={at:08x}-5fd1-409c-9163-{at:012x}")
    else:
        print(f"spdadd any any {rules} # sv: {entity}" if at % 10 == 8 else f"spdadd any {host - 5}/28 {rules}")
PY

sv() { "$BIN" --config "$WORK/config.toml" --data-dir "$WORK/data" "$@"; }
# How long a command takes, how long others waited for the agent at most, and what the agent holds of memory then.
timed() {
    local name=$1; shift
    python3 - "$WORK/data/control.token" "$ADDRESS" "$AGENT" "$name" "$BIN" --config "$WORK/config.toml" --data-dir "$WORK/data" "$@" <<'PY'
import http.client, re, subprocess, sys, time
token, address, agent, name, *command = sys.argv[1:]
token = open(token).read().strip()
waited, begun = 0.0, time.monotonic()
running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
while running.poll() is None:
    asked = time.monotonic()
    door = http.client.HTTPConnection(address, 8060)
    door.request("GET", "/v1/calls", headers={"Authorization": "Bearer " + token})
    door.getresponse().read()
    waited = max(waited, time.monotonic() - asked)
    time.sleep(0.005)
if running.returncode:
    sys.exit(running.stderr.read().decode())
memory = int(re.search(r"VmRSS:\s*(\d+)", open(f"/proc/{agent}/status").read())[1]) // 1024
print(f"{name:<42} {time.monotonic() - begun:>8.2f} s {waited:>8.2f} s {memory:>6} MB")
PY
}
started() {
    local begun=$EPOCHREALTIME
    "$BIN" --config "$WORK/config.toml" --data-dir "$WORK/data" run >"$WORK/log" 2>&1 &
    AGENT=$!
    until sv status >/dev/null 2>&1; do kill -0 "$AGENT" || { cat "$WORK/log"; exit 1; }; sleep 0.05; done
    python3 -c "print(f'{\"$1\":<42} {$EPOCHREALTIME - $begun:>8.2f} s')"
}

printf '%-42s %10s %10s %9s\n' "$ENTRIES entries" takes "others" memory
started "start without any"
timed "import" policy import "$WORK/entries"
timed "list, the first thousand" policy list
timed "list, those of one peer" policy list --peer "sip:user77@10.0.4.213"
timed "test: which entry rules a packet" policy test 192.168.1.1 16384 10.0.4.213 16384 udp out
timed "disable one" policy disable e77
timed "undo that" policy undo
timed "export" policy export
sv stop >/dev/null
wait "$AGENT" || true
started "start with all of them"
timed "status" status
