# A bad line to Bob: delay, jitter, packets that overtake others, packets that come twice (relay.py). What comes twice is refused as replayed and
# nothing else is; the call is rekeyed on it, and what was said is heard.
source "$(dirname "$0")/lib.sh"
networks alice bob
plug alice router office 192.168.1.1
plug bob router public 133.134.10.10
space relay
ip link add near netns "$TAG-relay" type veth peer name relay netns "$TAG-router"
ip -n "$TAG-router" link set relay master public up
ip -n "$TAG-router" link set bob nomaster netns "$TAG-relay"
for link in near bob; do ip -n "$TAG-relay" link set $link up promisc on; done
at relay python3 "$(dirname "$0")/relay.py" near bob >"$WORK/relay.log" 2>&1 &
PIDS+=($!)
until_true "the relay runs" grep -q ready "$WORK/relay.log"
agent alice 192.168.1.1
OUTPUT="file:$WORK/heard.wav" agent bob 133.134.10.10 "$EASY"
sv alice ask bob@133.134.10.10 --approve "ipsec esp/transport//require" >"$WORK/ask.log"
for host in alice bob; do capture $host; done
call alice bob@133.134.10.10 90
sleep 3
sv alice tighten c1 "ipsec esp/transport//require ah/transport//require" >"$WORK/tighten.log"
tight() { [ "$(of_call "$1" "['bundle']")" = ah+esp ]; }
for host in alice bob; do until_true "$host is protected better" tight $host; done
sleep 4
end_quietly alice
for end in "alice 192.168.1.1" "bob 133.134.10.10"; do
    read -r host address <<<"$end"
    counters_match $host $address
    read -r twice overtaken <<<"$(again $host $address)"
    more "packets that came twice to $host" "$twice" 5
    more "packets that were overtaken on their way to $host" "$overtaken" 5
    same "dropped at $host" "$(of_call $host "['packets']['dropped']")" "{'replay': $twice}"
done
same "what alice heard of bob" "$(of_call alice "['packets']['received']")" "$(of_call bob "['packets']['sent']")"
same "what bob heard of alice" "$(of_call bob "['packets']['received']")" "$(of_call alice "['packets']['sent']")"
same "in clear" "$(captured bob "$CLEAR")" 0
less "holes of 20 ms in what bob heard" "$(python3 "$(dirname "$0")/holes.py" "$WORK/heard.wav")" 5
