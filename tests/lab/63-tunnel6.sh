# A tunnel over IPv6: tshark opens AES-GCM, scapy ChaCha20-Poly1305; inside are whole IPv6 packets between the two devices.
source "$(dirname "$0")/lib.sh"
ALICE=2001:db8:1::1 BOB=2001:db8:2::10
networks alice bob
plug alice router office $ALICE
plug bob router public $BOB
agent alice $ALICE
agent bob $BOB "$EASY"
capture alice
counted=0
for suite in aes-256-gcm chacha20-poly1305; do
    rules="ipsec esp/tunnel/$ALICE-$BOB/require; # sv: suites=$suite"
    sv alice ask "bob@[$BOB]" --edit "spdadd any any udp -P out $rules" >"$WORK/ask.log"
    call alice "bob@[$BOB]" 60
    sleep 2
    end_quietly alice
    same "the suite" "$(of_call alice "['suite']")" $suite
    [ $suite != aes-256-gcm ] || counters_match alice $ALICE
done
same "packets in clear" "$(captured alice "$CLEAR")" 0
opened alice 4
whole() { grep -c "	$1,$1	$2,$2$" "$WORK/opened" || true; }
more "IP packets inside, from alice" "$(whole $ALICE $BOB)" 90
more "IP packets inside, from bob" "$(whole $BOB $ALICE)" 90
by_scapy alice
for ends in "$ALICE $BOB" "$BOB $ALICE"; do
    for suite in aes-256-gcm chacha20-poly1305; do
        more "packets of $suite between $ends" "$(grep -cxE "$suite $ends $ends (rtp|rtcp)" "$WORK/opened" || true)" 90
    done
done
same "what does not open" "$(grep -cvE ' (rtp|rtcp)$' "$WORK/opened" || true)" 0
