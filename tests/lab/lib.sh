# The laboratory: networks of namespaces, agents in them, and what a stranger's tools saw on the wire. Sourced by each scenario.
#
#   office  192.168.1.0/24, gateway .254, hardware address $OFFICE_GATEWAY     \
#           2001:db8:1::/64, gateway ::fe                                       > one router
#   public  133.134.10.0/24, gateway .254; 2001:db8:2::/64, gateway ::fe       /
#   cafe    192.168.1.0/24 as well, gateway .254, another hardware address     /  one of its own
#
# Everything is made by the scenario and removed at its end, however it ends.
set -eEuo pipefail

BIN=${SOTTOVOCE:?the program under test}
WORK=$(mktemp -d)
TAG=sv$$
OFFICE_GATEWAY=02:00:00:00:01:fe
CAFE_GATEWAY=02:00:00:00:02:fe
CLEAR='udp portrange 16384-32767 and (udp[8] & 0xc0 = 0x80 or ip6[48] & 0xc0 = 0x80)'
SEALED='udp portrange 16384-32767 and (udp[8] & 0xc0 = 0xc0 or ip6[48] & 0xc0 = 0xc0)'
PIDS=() SPACES=()

WHY=
fail() { WHY=$*; exit 1; }
# What this scenario needs is not here.
skip() { WHY=$*; exit 77; }
trap 'WHY=${WHY:-line $LINENO of ${BASH_SOURCE##*/} failed: $BASH_COMMAND}' ERR
at() { local space=$1; shift; ip netns exec "$TAG-$space" "$@"; }

# tshark reads every capture of the scenario too, and finds the packets in clear that our own look at one octet found, and no other.
in_clear_for_tshark() {
    local file name found ours
    for file in "$WORK"/*.pcap; do
        name=$(basename "$file" .pcap)
        found=$(tshark -r "$file" --enable-heuristic rtp_udp --enable-heuristic rtcp_udp -Y "(rtp or rtcp) and udp.port >= 16384" 2>/dev/null | wc -l)
        ours=$(captured "$name" "$CLEAR")
        [ "$found" = "$ours" ] || { WHY="in clear at $name: $found for tshark, $ours for us"; return 1; }
    done
}

finish() {
    local status=$?
    [ $status != 0 ] || in_clear_for_tshark || status=1
    [ $status = 0 ] || [ $status = 77 ] || tail -n 5 "$WORK"/*.log >&2 2>/dev/null || true
    # Whatever runs in a namespace of ours is ours, the children of what was put into the background too.
    for space in "${SPACES[@]}"; do kill -KILL $(ip netns pids "$TAG-$space" 2>/dev/null) 2>/dev/null || true; done
    for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
    for space in "${SPACES[@]}"; do ip netns del "$TAG-$space" 2>/dev/null || true; done
    rm -rf "$WORK"
    [ $status = 0 ] || echo "${WHY:-it ended with $status}" >&2
    exit $status
}
trap finish EXIT

space() { ip netns add "$TAG-$1"; SPACES+=("$1"); ip -n "$TAG-$1" link set lo up; }

# sysctl(8) is in no minimal Debian: forwards SPACE SETTING
forwards() { at "$1" sh -c 'echo 1 >"/proc/sys/net/$1"' - "$2"; }

# A router with one bridge for each network: router SPACE NETWORK=ADDRESS[=HARDWARE]...
router() {
    local space=$1 network address hardware; shift
    space "$space"
    forwards "$space" ipv4/ip_forward
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
    local host=$1 router=$2 network=$3 address=$4 prefix=24 gateway=${4%.*}.254
    [[ $address != *:* ]] || prefix=64 gateway=${address%::*}::fe
    ip -n "$TAG-$host" addr flush dev eth0
    [ "${HOME_OF[$host]}" = "$router" ] || ip -n "$TAG-${HOME_OF[$host]}" link set "$host" netns "$TAG-$router"
    HOME_OF[$host]=$router
    ip -n "$TAG-$router" link set "$host" master "$network" up
    ip -n "$TAG-$host" link set eth0 up
    ip -n "$TAG-$host" addr add "$address/$prefix" dev eth0 $([ $prefix = 24 ] || echo nodad)
    ip -n "$TAG-$host" route replace default via "$gateway"
}

networks() {
    router router office=192.168.1.254/24=$OFFICE_GATEWAY public=133.134.10.254/24
    forwards router ipv6/conf/all/forwarding
    ip -n "$TAG-router" addr add 2001:db8:1::fe/64 dev office nodad
    ip -n "$TAG-router" addr add 2001:db8:2::fe/64 dev public nodad
    for name; do host "$name"; done
}

# agent NAME ADDRESS [LINES OF CONFIGURATION]
agent() {
    local name=$1 address=$2
    [[ $address != *:* ]] || address="[$address]"
    cat >"$WORK/$name.toml" <<TOML
entity = "sip:$name@${DOMAIN:-$address}"
[sip]
listen = ["udp:$address:5060"]
follow = true
[answer]
mode = "auto"
[audio]
input = "${SOUND:-tone:440}"
output = "${OUTPUT:-none}"
# Packets of one size that a stranger can read.
codecs = ["pcmu", "pcma"]
[[place]]
name = "office"
scope = "private"
networks = ["192.168.1.0/24", "2001:db8:1::/64"]
gateways = ["$OFFICE_GATEWAY"]
${3:-}
TOML
    SOTTOVOCE_KEYLOG="$WORK/$name.keys" at "$name" "$BIN" --config "$WORK/$name.toml" --data-dir "$WORK/$name" run \
        >"$WORK/$name.log" 2>&1 &
    PIDS+=($!)
    until_true "$name runs" sv "$name" status
}

# The second embodiment's server (registrar, proxy, presence) for $DOMAIN at HOST, by the configuration that we ship: kamailio HOST ADDRESS USER...
# It reaches telephones on the connection that they opened (RFC 5626), which is the way through a NAT.
kamailio() {
    local host=$1 address=$2 table user; shift 2
    for table in standard auth_db usrloc presence; do cat /usr/share/kamailio/db_sqlite/$table-create.sql; done >"$WORK/tables.sql"
    for user; do echo "insert into subscriber (username, domain, password) values ('$user', '$DOMAIN', 'secret');"; done >>"$WORK/tables.sql"
    python3 -c 'import sqlite3,sys; d = sqlite3.connect(sys.argv[1]); d.execute("pragma journal_mode = wal"); d.executescript(sys.stdin.read())' \
        "$WORK/kamailio.sqlite" <"$WORK/tables.sql"
    at "$host" kamailio -f "$(dirname "$0")/../../config/kamailio/kamailio.cfg" -DD -E -m 64 -M 8 -P "$WORK/kamailio.pid" -w "$WORK" \
        -A "DBURL=\"sqlite:///$WORK/kamailio.sqlite\"" -A "DOMAIN=\"$DOMAIN\"" -A "LISTEN=$address:5060" -A 'SECRET="of the laboratory"' \
        -A WITH_OUTBOUND -A "CTL=\"unix:$WORK/kamailio.ctl\"" >"$WORK/kamailio.log" 2>&1 &
    PIDS+=($!)
    until_true "kamailio runs" kamcmd -s "unix:$WORK/kamailio.ctl" core.version
    (umask 077; echo secret >"$WORK/password")
}
account() { printf '[[account]]\nproxy = "%s"\npassword-file = "password"\n' "$1"; }
published() { [ "$(json "$1" account list | field "['accounts'][0]['publication']['state']")" = published ]; }

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

# What goes through a host's interface, from now on: capture NAME [FILTER, else udp], then captured NAME FILTER counts.
capture() {
    at "$1" tcpdump -i eth0 --immediate-mode -U -w "$WORK/$1.pcap" "${2:-udp}" >/dev/null 2>"$WORK/$1.tcpdump" &
    PIDS+=($!)
    until_true "a capture at $1" grep -q listening "$WORK/$1.tcpdump"
}
captured() { tcpdump -r "$WORK/$1.pcap" "$2" 2>/dev/null | wc -l; }

# Of sealed packets of a call into a host: how many came twice, and how many were overtaken.
again() { tcpdump -r "$WORK/$1.pcap" -w - "dst host $2 and $SEALED" 2>/dev/null | python3 "$(dirname "$0")/again.py"; }

# What scapy opens with the key log of an agent, rows of $WORK/opened: suite, outer ends, inner ends or - -, rtp or rtcp or why it does not open.
by_scapy() {
    local python; python=$(dirname "$0")/../../target/peers/bin/python
    [ -x "$python" ] || skip "it needs scapy in target/peers: make test NAME=lab makes it"
    "$python" "$(dirname "$0")/by_scapy.py" "$WORK/$1.pcap" "$WORK/$1.keys.json" >"$WORK/opened"
}

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
# The same, where packets are counted: on hold nobody speaks, and nothing of the call is under way when one side has ended and the other not.
end_quietly() { sv "$1" hold "$(of_call "$1" "['id']")" >/dev/null; sleep 0.5; hang_up "$1"; }

# same WHAT FOUND WANTED
same() { [ "$2" = "$3" ] || fail "$1: $2, and not $3"; }
less() { [ "$2" -le "$3" ] || fail "$1: $2, and at most $3"; }
more() { [ "$2" -ge "$3" ] || fail "$1: $2, and at least $3"; }

# Packets that an agent did not let in or out, for whatever reason.
dropped() { of_call "$1" "['packets']['dropped']" | python3 -c 'import ast,sys; print(sum(ast.literal_eval(sys.stdin.read()).values()))'; }

# One of the counters for Prometheus, all its reasons together: metric AGENT NAME.
metric() {
    at "$1" python3 -c 'import sys, urllib.request as u
token = open(sys.argv[1]).read().strip()
text = u.urlopen(u.Request("http://127.0.0.1:8060/v1/metrics", headers={"Authorization": "Bearer " + token})).read().decode()
lines = [line.split() for line in text.splitlines() if line.split("{")[0].split()[0] == "sottovoce_" + sys.argv[2]]
print(sum(int(line[-1]) for line in lines) if lines else "none of that name")' "$WORK/$1/control.token" "$2"
}

# Every packet of the agent's first call that it counts was on its wire, and no other: RTP and RTCP, out and in; and what it told of the call,
# its metrics and its audit table say the same.
counters_match() {
    local name=$1 address=$2 sent received rtcp_out rtcp_in dropped
    rtcp_out=$(of_call "$name" "['packets']['rtcp_sent']") rtcp_in=$(of_call "$name" "['packets']['rtcp_received']")
    sent=$(captured "$name" "src host $address and udp portrange 16384-32767")
    received=$(captured "$name" "dst host $address and udp portrange 16384-32767")
    dropped=$(dropped "$name")
    same "sent by $name, counted and captured" $(($(of_call "$name" "['packets']['sent']") + rtcp_out)) "$sent"
    # The last report of who hung up (RTCP BYE) may find the port closed: the SIP message was quicker.
    local counted=$(($(of_call "$name" "['packets']['received']") + rtcp_in + dropped))
    [ "$counted" = $((received - 1)) ] && received=$counted
    same "received by $name, counted and captured" "$counted" "$received"
    same "RTCP in the metrics of $name" "$(metric "$name" rtcp_sent) $(metric "$name" rtcp_received)" "$rtcp_out $rtcp_in"
    same "sent in the metrics of $name" "$(metric "$name" packets_sent)" $((sent - rtcp_out))
    same "received in the metrics of $name" "$(metric "$name" packets_received)" $((received - rtcp_in - dropped))
    same "dropped in the metrics of $name" "$(metric "$name" packets_dropped)" "$dropped"
    # Of each call one row, whose newest is first.
    sv "$name" audit | grep -m 1 "sent [0-9]*, received" | grep -q "sent $((sent - rtcp_out)), received $((received - rtcp_in - dropped)), dropped $dropped" \
        || fail "the audit table of $name: $(sv "$name" audit | grep -m 1 "sent [0-9]*, received"), and captured were $sent and $received"
}

# opened NAME ROWS: what tshark opens of a capture with the key log of this agent, of so many SAs of AES-GCM.
opened() {
    local row keys=()
    while read -r row; do keys+=(-o "uat:esp_sa:$row"); done <"$WORK/$1.keys"
    same "rows of the key log" "${#keys[@]}" "$2"
    # It takes ESP in UDP for what goes by port 4500.
    python3 "$(dirname "$0")/to_4500.py" "$WORK/$1.pcap" "$WORK/4500.pcap"
    tshark -r "$WORK/4500.pcap" -n -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE "${keys[@]}" \
        -Y esp -T fields -e ip.src -e ip.dst -e udp.length -e ipv6.src -e ipv6.dst >"$WORK/opened" 2>"$WORK/tshark.log"
}
# Of those, the whole IP packets: inner SOURCE DESTINATION OUTER-SOURCE.
inner() { awk -v inside="$1>$2" -v outside="$3" '{ split($1, s, ","); split($2, d, ",") } s[1] == outside && s[2] ">" d[2] == inside' "$WORK/opened" | wc -l; }
