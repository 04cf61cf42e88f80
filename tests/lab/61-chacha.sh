# ChaCha20-Poly1305, which tshark does not know, in transport and in tunnel mode: what scapy opens with the key log is RTP and RTCP.
source "$(dirname "$0")/lib.sh"
pair 133.134.10.10
capture alice
for rules in esp/transport//require esp/tunnel/192.168.1.1-133.134.10.10/require; do
    sv alice ask bob@133.134.10.10 --edit "spdadd any any udp -P out ipsec $rules; # sv: suites=chacha20-poly1305" >"$WORK/ask.log"
    call alice bob@133.134.10.10 60
    sleep 2
    end_quietly alice
    sent=$((${sent:-0} + $(of_call alice "['packets']['sent']") + $(of_call alice "['packets']['rtcp_sent']")))
    received=$((${received:-0} + $(of_call alice "['packets']['received']") + $(of_call alice "['packets']['rtcp_received']")))
done
same "packets in clear" "$(captured alice "$CLEAR")" 0
by_scapy alice
inner() { grep -cxE "chacha20-poly1305 $1 $2 $3 (rtp|rtcp)" "$WORK/opened" || true; }
for inside in "- -" "192.168.1.1 133.134.10.10"; do more "from alice, with $inside inside" "$(inner 192.168.1.1 133.134.10.10 "$inside")" 90; done
for inside in "- -" "133.134.10.10 192.168.1.1"; do more "from bob, with $inside inside" "$(inner 133.134.10.10 192.168.1.1 "$inside")" 90; done
same "opened from alice, and counted" "$(inner 192.168.1.1 133.134.10.10 .*)" "$sent"
same "opened from bob, and counted" "$(inner 133.134.10.10 192.168.1.1 .*)" "$received"
same "what does not open" "$(grep -cvE ' (rtp|rtcp)$' "$WORK/opened" || true)" 0
