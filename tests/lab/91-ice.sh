# Both behind NATs: Alice's office and Bob's home have addresses that nobody else reaches. A server of STUN tells each how others see its socket,
# ICE finds the pair of those, and the voice goes straight from NAT to NAT, sealed as approved. Kamailio carries the messages and no voice.
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
# Lets in only what answers (RFC 4787: address and port-dependent filtering), and refuses without a word: hides NETWORK BRIDGE
hides() {
    cat <<NFT
table ip nat {
    chain hide { type nat hook postrouting priority srcnat; ip saddr $1 oifname "public" masquerade; }
    chain guard { type filter hook forward priority 0; iifname "public" oifname "$2" ct state new drop; }
    chain own { type filter hook input priority 0; iifname "public" ct state new drop; }
}
NFT
}
hides 192.168.1.0/24 office | at router nft -f -
hides 192.168.2.0/24 home | at home nft -f -
kamailio server 133.134.10.20 alice bob
at server turnserver --stun-only -n -L 133.134.10.20 -p 3478 --no-tls --no-dtls --no-cli --pidfile "$WORK/turnserver.pid" --log-file "$WORK/turnserver.log" \
    >/dev/null 2>&1 &
PIDS+=($!)
listens() { at server python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("133.134.10.20", 3478))' && return 1 || return 0; }
until_true "a server of STUN" listens
capture alice
capture bob
capture server
NAT='[nat]
stun = ["133.134.10.20"]'
agent alice 192.168.1.1 "$(account tcp:133.134.10.20)
$NAT"
agent bob 192.168.2.1 "$EASY
$(account tcp:133.134.10.20)
$NAT"
for host in alice bob; do until_true "$host has published" published $host; done
sv alice ask bob@example.org --approve "ipsec esp/transport//require" >"$WORK/ask.log"
sv bob ask alice@example.org --approve >"$WORK/ask-back.log"
BETWEEN='host 133.134.10.254 and host 133.134.10.30'
for caller in alice bob; do
    callee=$([ $caller = alice ] && echo bob || echo alice)
    before=$(captured bob "src host 133.134.10.254 and $SEALED")
    call $caller $callee@example.org 60
    sleep 3
    same "the bundle" "$(of_call $caller "['bundle']")" esp
    end_quietly $caller
    for host in alice bob; do
        more "packets that $host received when $caller called" "$(of_call $host "['packets']['received']")" 100
        same "dropped at $host" "$(of_call $host "['packets']['dropped']")" "{}"
    done
    more "sealed packets from NAT to NAT" "$(($(captured bob "src host 133.134.10.254 and $SEALED") - before))" 100
done
same "packets in clear" "$(captured alice "$CLEAR") $(captured bob "$CLEAR")" "0 0"
same "voice at the server" "$(captured server "udp portrange 16384-32767 and not port 3478")" 0
# Who listens learns addresses: a check names no user, and is proven by a password that is in the messages only.
checks() { tshark -r "$WORK/bob.pcap" --enable-heuristic stun_udp -Y "stun.type == 0x0001 and udp.port != 3478 and $1" 2>/dev/null | wc -l; }
more "checks at bob" "$(checks "stun.att.type == 0x0006")" 4
same "checks without proof" "$(checks "not stun.att.type == 0x0008")" 0
same "checks that tell what runs here" "$(checks "stun.att.type == 0x8022")" 0
