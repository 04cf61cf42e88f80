# An office that lets no UDP out, and is behind a NAT. With entries for udp a call with somebody outside is not heard; with an entry for tcp its ESP goes
# by a TCP connection (RFC 9329), which the one in the office opens, whoever calls. Kamailio carries the messages by TCP.
source "$(dirname "$0")/lib.sh"
DOMAIN=example.org
networks alice bob server
plug alice router office 192.168.1.1
plug bob router public 133.134.10.10
plug server router public 133.134.10.20
kamailio server 133.134.10.20 alice bob
at router nft -f - <<NFT
table ip office {
    chain hide { type nat hook postrouting priority srcnat; ip saddr 192.168.1.0/24 oifname "public" masquerade; }
    chain shut {
        type filter hook forward priority 0
        ip saddr 192.168.1.0/24 meta l4proto udp drop
        ip daddr 192.168.1.0/24 meta l4proto udp drop
        iifname "public" oifname "office" ct state new drop
    }
}
NFT
agent alice 192.168.1.1 "$(account tcp:133.134.10.20)"
agent bob 133.134.10.10 "$(account tcp:133.134.10.20)"
for host in alice bob; do until_true "$host has published" published $host; done
sv alice ask bob@example.org --approve >"$WORK/ask.log"
sv bob ask alice@example.org --approve >"$WORK/ask-back.log"
call alice bob@example.org 60
sleep 3
for host in alice bob; do same "what $host heard by UDP" "$(of_call $host "['packets']['received']")" 0; done
end_quietly alice
ENTRY='spdadd any any tcp -P out ipsec esp/transport//require; # sv: priority=5'
for host in alice bob; do sv $host policy add "$ENTRY" >>"$WORK/policy.log"; done
capture alice "tcp portrange 16384-32767 or udp"
capture bob "tcp portrange 16384-32767 or udp"
for caller in alice bob; do
    callee=$([ $caller = alice ] && echo bob || echo alice)
    call $caller $callee@example.org 60
    sleep 4
    same "the bundle" "$(of_call $caller "['bundle']")" esp
    end_quietly $caller
    for host in alice bob; do
        more "packets that $host received when $caller called" "$(of_call $host "['packets']['received']")" 150
        same "dropped at $host" "$(of_call $host "['packets']['dropped']")" "{}"
    done
done
# The one in the office opens it: the other could not reach it through a NAT.
same "connections that Alice opened" "$(captured alice "src host 192.168.1.1 and tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn")" 2
same "connections that Bob opened" "$(captured bob "src host 133.134.10.10 and tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn")" 0
for host in alice bob; do
    read -r sealed other prefixes twice < <(python3 "$(dirname "$0")/frames.py" "$WORK/$host.pcap")
    more "frames of ESP at $host" "$sealed" 600
    same "frames that are none at $host" "$other" 0
    same "connections that begin with IKETCP at $host" "$prefixes" 2
    same "pieces of sound that repeat themselves at $host" "$twice" 0
    same "media by UDP at $host" "$(captured $host "udp portrange 16384-32767")" 0
    same "RTP that tshark finds at $host" "$(tshark -r "$WORK/$host.pcap" --enable-heuristic rtp_udp -Y rtp 2>/dev/null | wc -l)" 0
done
