# The laboratory: networks of namespaces, agents in them, and what a stranger's tools saw on the wire. Sourced by each scenario.
#
#   office  192.168.1.0/24, gateway .254, hardware address $OFFICE_GATEWAY     \
#   public  133.134.10.0/24, gateway .254                                       > one router
#   cafe    192.168.1.0/24 as well, gateway .254, another hardware address     /  one of its own
#
# Everything is made by the scenario and removed at its end, however it ends.
set -eEuo pipefail

BIN=${SOTTOVOCE:?the program under test}
WORK=$(mktemp -d)
TAG=sv$$
OFFICE_GATEWAY=02:00:00:00:01:fe
CAFE_GATEWAY=02:00:00:00:02:fe
CLEAR='udp portrange 16384-32767 and udp[8] & 0xc0 = 0x80'
SEALED='udp portrange 16384-32767 and udp[8] & 0xc0 = 0xc0'
PIDS=() SPACES=()

WHY=
fail() { WHY=$*; exit 1; }
trap 'WHY=${WHY:-line $LINENO of ${BASH_SOURCE##*/} failed: $BASH_COMMAND}' ERR
at() { local space=$1; shift; ip netns exec "$TAG-$space" "$@"; }

finish() {
    local status=$?
    [ $status = 0 ] || tail -n 5 "$WORK"/*.log >&2 2>/dev/null || true
    # Whatever runs in a namespace of ours is ours, the children of what was put into the background too.
    for space in "${SPACES[@]}"; do ip netns pids "$TAG-$space" 2>/dev/null | xargs -r kill 2>/dev/null || true; done
    for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
    for space in "${SPACES[@]}"; do ip netns del "$TAG-$space" 2>/dev/null || true; done
    rm -rf "$WORK"
    [ $status = 0 ] || echo "${WHY:-it ended with $status}" >&2
    exit $status
}
trap finish EXIT

space() { ip netns add "$TAG-$1"; SPACES+=("$1"); ip -n "$TAG-$1" link set lo up; }

# A router with one bridge for each network: router SPACE NETWORK=ADDRESS[=HARDWARE]...
router() {
    local space=$1 network address hardware; shift
    space "$space"
    at "$space" sysctl -qw net.ipv4.ip_forward=1
    for network; do
        IFS== read -r network address hardware <<<"$network"
        ip -n "$TAG-$space" link add "$network" ${hardware:+address "$hardware"} type bridge
        ip -n "$TAG-$space" addr add "$address" dev "$network"
        ip -n "$TAG-$space" link set "$network" up
    done
}

# A machine with one interface, in no network yet: then `plug` it.
host() { space "$1"; ip link add eth0 netns "$TAG-$1" type veth peer name "$1" netns "$TAG-router"; HOME_OF[$1]=router; }
declare -A HOME_OF

# plug HOST ROUTER NETWORK ADDRESS: what it had before is gone.
plug() {
    local host=$1 router=$2 network=$3 address=$4
    ip -n "$TAG-$host" addr flush dev eth0
    [ "${HOME_OF[$host]}" = "$router" ] || ip -n "$TAG-${HOME_OF[$host]}" link set "$host" netns "$TAG-$router"
    HOME_OF[$host]=$router
    ip -n "$TAG-$router" link set "$host" master "$network" up
    ip -n "$TAG-$host" link set eth0 up
    ip -n "$TAG-$host" addr add "$address/24" dev eth0
    ip -n "$TAG-$host" route replace default via "${address%.*}.254"
}

networks() {
    router router office=192.168.1.254/24=$OFFICE_GATEWAY public=133.134.10.254/24
    for name; do host "$name"; done
}

# agent NAME ADDRESS [LINES OF CONFIGURATION]
agent() {
    local name=$1 address=$2
    cat >"$WORK/$name.toml" <<TOML
entity = "sip:$name@$address"
[sip]
listen = ["udp:$address:5060"]
follow = true
[answer]
mode = "auto"
[audio]
input = "${SOUND:-tone:440}"
[[place]]
name = "office"
scope = "private"
networks = ["192.168.1.0/24"]
gateways = ["$OFFICE_GATEWAY"]
${3:-}
TOML
    SOTTOVOCE_KEYLOG="$WORK/$name.keys" at "$name" "$BIN" --config "$WORK/$name.toml" --data-dir "$WORK/$name" run \
        >"$WORK/$name.log" 2>&1 &
    PIDS+=($!)
    until_true "$name runs" sv "$name" status
}

# What most scenarios begin with: Alice in the office, Bob there or outside, who asks for no protection and tells his place.
pair() {
    local bob=$1 network=office
    [[ $bob == 192.* ]] || network=public
    networks alice bob
    plug alice router office 192.168.1.1
    plug bob router $network "$bob"
    agent alice 192.168.1.1
    agent bob "$bob" "${2-$EASY}"
}
EASY='[policy]
default = ["spdadd any any udp -P out none;"]
[watchers]
unknown = "place"'

# The command line at this agent.
sv() { local name=$1; shift; at "$name" "$BIN" --config "$WORK/$name.toml" --data-dir "$WORK/$name" "$@" 2>>"$WORK/$name.said"; }
json() { local name=$1; shift; sv "$name" --json "$@"; }
field() { python3 -c "import json,sys; print(eval('d'+sys.argv[1], {'d': json.load(sys.stdin)}))" "$1"; }
until_true() {
    local what=$1 tries; shift
    for tries in $(seq 150); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done
    fail "$what: not within 15 s"
}

# What an agent knows of somebody's presence: known NAME ENTITY FIELD.
known() { json "$1" presence list | field "['presences'] and next(row for row in d['presences'] if row['entity'] == '$2')$3"; }

# What goes through a host's interface, from now on: capture NAME, then captured NAME FILTER counts.
capture() {
    at "$1" tcpdump -i eth0 -U -w "$WORK/$1.pcap" udp >/dev/null 2>"$WORK/$1.tcpdump" &
    PIDS+=($!)
    until_true "a capture at $1" grep -q listening "$WORK/$1.tcpdump"
}
captured() { tcpdump -r "$WORK/$1.pcap" "$2" 2>/dev/null | wc -l; }

# call FROM TO SECONDS [FLAGS]: in the background; its words are in $WORK/call.log, its number is c1.
call() {
    local from=$1 to=$2 seconds=$3; shift 3
    sv "$from" call "$to" --duration "$seconds" "$@" >"$WORK/call.log" 2>&1 &
    CALL=$!
    PIDS+=($CALL)
    until_true "a call from $from to $to" active "$from"
}
active() { [ "$(json "$1" calls | field "['calls'][-1]['state']")" = active ]; }
of_call() { json "$1" calls | field "['calls'][-1]$2"; }
hang_up() { sv "$1" hangup >/dev/null; wait "$CALL" || true; sleep 0.3; }

# same WHAT FOUND WANTED
same() { [ "$2" = "$3" ] || fail "$1: $2, and not $3"; }
less() { [ "$2" -le "$3" ] || fail "$1: $2, and at most $3"; }
more() { [ "$2" -ge "$3" ] || fail "$1: $2, and at least $3"; }

# Packets that an agent did not let in or out, for whatever reason.
dropped() { of_call "$1" "['packets']['dropped']" | python3 -c 'import ast,sys; print(sum(ast.literal_eval(sys.stdin.read()).values()))'; }

# Every packet that the agent counts was on its wire, and no other: RTP and RTCP, out and in.
counters_match() {
    local name=$1 address=$2 sent received
    sent=$(($(of_call "$name" "['packets']['sent']") + $(of_call "$name" "['packets']['rtcp_sent']")))
    received=$(($(of_call "$name" "['packets']['received']") + $(of_call "$name" "['packets']['rtcp_received']") + $(dropped "$name")))
    same "sent by $name, counted and captured" "$sent" "$(captured "$name" "src host $address and udp portrange 16384-32767")"
    same "received by $name, counted and captured" "$received" "$(captured "$name" "dst host $address and udp portrange 16384-32767")"
}

# opened NAME ROWS: what tshark opens of a capture with the key log of this agent, of so many SAs of AES-GCM.
opened() {
    local row keys=()
    while read -r row; do keys+=(-o "uat:esp_sa:$row"); done <"$WORK/$1.keys"
    same "rows of the key log" "${#keys[@]}" "$2"
    # It takes ESP in UDP for what goes by port 4500.
    python3 "$(dirname "$0")/to_4500.py" "$WORK/$1.pcap" "$WORK/4500.pcap"
    tshark -r "$WORK/4500.pcap" -n -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE "${keys[@]}" \
        -Y esp -T fields -e ip.src -e ip.dst -e udp.length >"$WORK/opened" 2>"$WORK/tshark.log"
}
# Of those, the whole IP packets: inner SOURCE DESTINATION OUTER-SOURCE.
inner() { awk -v inside="$1>$2" -v outside="$3" '{ split($1, s, ","); split($2, d, ",") } s[1] == outside && s[2] ">" d[2] == inside' "$WORK/opened" | wc -l; }
