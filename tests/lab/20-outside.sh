# Situation 2 (FIG. 10 to 13): the peer is outside and says none; the user sets ipsec, ah and esp, require. No negotiation.
source "$(dirname "$0")/lib.sh"
pair 133.134.10.10
capture alice
capture bob
sv alice ask bob@133.134.10.10 --approve "ipsec esp/transport//require ah/transport//require" >"$WORK/ask.log"
same "where bob is" "$(known alice sip:bob@133.134.10.10 "['place']")" external
call alice bob@133.134.10.10 60
sleep 3
same "the bundle" "$(of_call alice "['bundle']")" ah+esp
end_quietly alice
for host in alice bob; do
    same "packets in clear at $host" "$(captured $host "$CLEAR")" 0
    more "packets sealed at $host" "$(captured $host "$SEALED")" 250
done
counters_match alice 192.168.1.1
counters_match bob 133.134.10.10
