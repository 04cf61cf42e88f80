# Situation 7, claim 4: the peer moves from 192.168.1.2 to 133.134.10.10 in the middle of a call in clear. The entry that was approved is for
# the office: out there the default rules, and the call goes on protected. Both users are told; one wants more, and the call rekeys.
source "$(dirname "$0")/lib.sh"
pair 192.168.1.2
sv alice ask bob@192.168.1.2 --approve >"$WORK/ask.log"
sv alice presence watch bob@192.168.1.2 >/dev/null
capture alice
call alice bob@192.168.1.2 60
sleep 2
before=$(date +%s%N)
plug bob router public 133.134.10.10
heard() { [ "$(captured alice 'src host 133.134.10.10 and udp portrange 16384-32767')" -gt 0 ]; }
until_true "media from the new address" heard
less "ms from the move to media again" $((($(date +%s%N) - before) / 1000000)) 1500
same "the mover's place" "$(known bob sip:bob@192.168.1.2 "['place']")" external
moved() { [ "$(of_call "$1" "['moved']['to']")" = 133.134.10.10 ]; }
for host in alice bob; do until_true "$host is told" moved $host; done
followed() { [ "$(known alice sip:bob@192.168.1.2 "['place']")" = external ]; }
until_true "who follows bob learns his place" followed
same "the bundle out there" "$(of_call alice "['bundle']")" esp
same "in clear from out there" "$(captured alice "host 133.134.10.10 and $CLEAR")" 0
sleep 1
sv alice tighten c1 "ipsec esp/transport//require ah/transport//require" >"$WORK/tighten.log"
same "the bundle after tightening" "$(of_call alice "['bundle']")" ah+esp
sleep 2
end_quietly alice
# What was sent and not received, but for what went to where bob was no more: lost by new keys, of the move and of the rekey. He was as long unable to send.
lost() { echo $(($(of_call "$1" "['packets']['sent']") - $(of_call "$2" "['packets']['received']"))); }
gone=$(tshark -r "$WORK/alice.pcap" -Y "frame.time_epoch >= ${before::-9}.${before: -9} && ip.dst == 192.168.1.2 && udp.srcport >= 16384" 2>/dev/null | wc -l)
less "lost from alice to bob by new keys" $(($(lost alice bob) - gone)) 5
less "lost from bob to alice by new keys" $(($(lost bob alice) - gone)) 5
# After its end a call's counters are whole. What was sent and not let in, and what was withheld: by the move and the rekey together.
for host in alice bob; do
    less "dropped at $host" "$(dropped $host)" 5
    same "packets that fell to the policy of $host" "$(of_call $host "['packets']['dropped'].get('policy', 0)")" 0
done
