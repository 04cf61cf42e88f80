# Both behind NATs that give each destination another port, so that what a server of STUN saw leads nowhere: not heard without a server of TURN, and
# with one heard by it, sealed as approved. The server carries the voice and hears none of it.
source "$(dirname "$0")/lib.sh"
command -v turnserver >/dev/null || skip "it needs coturn (turnserver)"
DOMAIN=example.org
networks alice bob server
router home home=192.168.2.254/24
ip link add public netns "$TAG-home" type veth peer name home netns "$TAG-router"
ip -n "$TAG-router" link set home master public up
ip -n "$TAG-home" addr add 133.134.10.30/24 dev public
ip -n "$TAG-home" link set public up
plug alice router office 192.168.1.1
plug bob home home 192.168.2.1
plug server router public 133.134.10.20
# hides NETWORK BRIDGE: another port for each destination, and only what answers comes in (RFC 4787: address and port-dependent mapping and filtering)
hides() {
    cat <<NFT
table ip nat {
    chain hide { type nat hook postrouting priority srcnat; ip saddr $1 oifname "public" masquerade random,fully-random; }
    chain guard { type filter hook forward priority 0; iifname "public" oifname "$2" ct state new drop; }
    chain own { type filter hook input priority 0; iifname "public" ct state new drop; }
}
NFT
}
hides 192.168.1.0/24 office | at router nft -f -
hides 192.168.2.0/24 home | at home nft -f -
kamailio server 133.134.10.20 alice bob
# coturn FLAGS...: runs until `silence`
coturn() {
    at server turnserver -n -L 133.134.10.20 -p 3478 --no-tls --no-dtls --no-cli --pidfile "$WORK/turnserver.pid" --log-file stdout "$@" \
        >"$WORK/turnserver.log" 2>&1 &
    TURN=$!
    PIDS+=($TURN)
    until_true "coturn" listens
}
silence() {
    kill "$(cat "$WORK/turnserver.pid")"
    wait "$TURN" || true
    until_true "the end of coturn" is_silent
}
is_silent() { ! listens; }
listens() { at server python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("133.134.10.20", 3478))' && return 1 || return 0; }
(umask 077; echo sesame >"$WORK/turn-password")
NAT='[nat]
stun = ["133.134.10.20"]
turn = { server = "133.134.10.20", user = "caller", password-file = "turn-password" }'
agent alice 192.168.1.1 "$(account tcp:133.134.10.20)
$NAT"
agent bob 192.168.2.1 "$EASY
$(account tcp:133.134.10.20)
$NAT"
for host in alice bob; do until_true "$host has published" published $host; done
sv alice ask bob@example.org --approve "ipsec esp/transport//require" >"$WORK/ask.log"
sv bob ask alice@example.org --approve >"$WORK/ask-back.log"

# Another password: told with the remedy, and the call hears nothing by what STUN alone finds.
coturn --lt-cred-mech --realm example.org --user caller:another
call alice bob@example.org 60
sleep 4
for host in alice bob; do same "what $host heard without the relay" "$(of_call $host "['packets']['received']")" 0; done
end_quietly alice
grep -q "does not take our user name and password" "$WORK/alice.log" || fail "the password is not told: $(tail -n 3 "$WORK/alice.log")"
doctor() { json alice doctor | field "['checks'] and next(check['found'] for check in d['checks'] if check['name'] == '$1')"; }
same "doctor of STUN" "$(doctor stun)" "133.134.10.20:3478 sees this machine as 133.134.10.254"
[[ $(doctor turn) == *"does not take our user name and password"* ]] || fail "doctor of TURN: $(doctor turn)"
silence

coturn --lt-cred-mech --realm example.org --user caller:sesame
same "doctor of TURN" "$(doctor turn)" "133.134.10.20:3478 relays for caller"
capture alice
capture bob
capture server
# A channel's header is four octets (RFC 8656 section 12.4), then comes what it carries.
CARRIED='udp port 3478 and udp[8] & 0xf0 = 0x40'
for caller in alice bob; do
    callee=$([ $caller = alice ] && echo bob || echo alice)
    call $caller $callee@example.org 60
    sleep 4
    same "the bundle" "$(of_call $caller "['bundle']")" esp
    end_quietly $caller
    for host in alice bob; do
        more "packets that $host received when $caller called" "$(of_call $host "['packets']['received']")" 100
        same "dropped at $host" "$(of_call $host "['packets']['dropped']")" "{}"
    done
done
for host in alice bob; do more "sealed packets by the relay at $host" "$(captured $host "$CARRIED and udp[12] & 0xc0 = 0xc0")" 200; done
more "sealed packets at the server" "$(captured server "$CARRIED and udp[12] & 0xc0 = 0xc0")" 400
for place in alice bob server; do same "packets in clear by a channel at $place" "$(captured $place "$CARRIED and udp[12] & 0xc0 = 0x80")" 0; done
# On the other side of the server: from and to the addresses that it relays.
RELAYED='host 133.134.10.20 and udp portrange 49152-65535 and not port 3478'
more "sealed packets at relayed addresses" "$(captured server "$RELAYED and udp[8] & 0xc0 = 0xc0")" 400
same "packets in clear at relayed addresses" "$(captured server "$RELAYED and udp[8] & 0xc0 = 0x80")" 0
same "packets in clear" "$(captured alice "$CLEAR") $(captured bob "$CLEAR")" "0 0"
for place in alice bob server; do
    same "RTP that tshark finds at $place" "$(tshark -r "$WORK/$place.pcap" --enable-heuristic rtp_udp -Y rtp 2>/dev/null | wc -l)" 0
done
# RFC 8656 section 8.1: what was allocated was given back. The octets are looked at: tshark takes what goes to a low port for that port's own
# protocol, and the NATs' ports are random.
answered() { captured server "udp src port 3478 and udp[8:2] = $1 and udp[12:4] = 0x2112a442 ${2:-}"; }
LIFETIME_OF_NONE='and udp[28:4] = 0x000d0004 and udp[32:4] = 0'
more "addresses that were allocated" "$(answered 0x0103)" 4
same "addresses that were given back" "$(answered 0x0104 "$LIFETIME_OF_NONE")" "$(answered 0x0103)"
