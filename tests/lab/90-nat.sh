# The second embodiment behind a NAT: Alice in the office, whose router hides it behind 133.134.10.254, and Bob outside have accounts at a server
# on the public network, which holds what they publish. Asked for, reviewed and called through it; the voice finds its way back through the NAT.
source "$(dirname "$0")/lib.sh"
DOMAIN=example.org
networks alice bob server
plug alice router office 192.168.1.1
plug bob router public 133.134.10.10
plug server router public 133.134.10.20
at router nft -f - <<'NFT'
table ip nat {
    chain hide {
        type nat hook postrouting priority srcnat;
        ip saddr 192.168.1.0/24 oifname "public" masquerade random
    }
    chain guard {
        type filter hook forward priority 0;
        iifname "public" oifname "office" ct state new drop
    }
}
NFT
kamailio server 133.134.10.20 alice bob
capture alice
capture bob
capture server "port 5060"
agent alice 192.168.1.1 "$(account tcp:133.134.10.20)"
agent bob 133.134.10.10 "$EASY
$(account udp:133.134.10.20)"
for host in alice bob; do until_true "$host has published" published $host; done
sv alice ask bob@example.org --approve "ipsec esp/transport//require" >"$WORK/ask.log"
sv bob ask alice@example.org --approve >"$WORK/ask-back.log"
same "what alice knows of bob" "$(known alice sip:bob@example.org "['address']")" 133.134.10.10
call alice bob@example.org 60
sleep 3
same "the bundle" "$(of_call alice "['bundle']")" esp
end_quietly alice
counters_match alice 192.168.1.1
counters_match bob 133.134.10.10
same "dropped at alice" "$(of_call alice "['packets']['dropped']")" "{}"
same "dropped at bob" "$(of_call bob "['packets']['dropped']")" "{}"
more "sealed packets from the NAT, on the public side" "$(captured bob "src host 133.134.10.254 and $SEALED")" 150
more "sealed packets to it" "$(captured bob "dst host 133.134.10.254 and $SEALED")" 150
call bob alice@example.org 60
sleep 1
hang_up bob
more "packets from behind the NAT in a call to there" "$(of_call bob "['packets']['received']")" 40
# AH guards the addresses, which a NAT changes: nothing passes, and nothing in clear for it.
sv alice ask bob@example.org --approve "ipsec esp/transport//require ah/transport//require" >"$WORK/ask-ah.log"
call alice bob@example.org 60
sleep 1
more "words at bob on what spoils it" "$(grep -c "none of them is believed: .ah. guards the addresses" "$WORK/bob.log")" 1
until_true "a word at alice" grep -q "there may be a NAT" "$WORK/alice.log"
hang_up alice
same "packets that bob believed" "$(of_call bob "['packets']['received']")" 0
more "packets with another address than AH guards" "$(of_call bob "['packets']['dropped']['bad-icv']")" 40
same "in clear on the public side" "$(captured bob "$CLEAR")" 0
same "with an address of the office on the public side" "$(captured bob "src net 192.168.1.0/24")" 0
for method in PUBLISH SUBSCRIBE NOTIFY; do
    more "$method at the server" "$(tshark -r "$WORK/server.pcap" -Y "sip.Method == $method" 2>/dev/null | wc -l)" 2
done
