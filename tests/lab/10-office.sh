# Situation 1 (FIG. 3 to 9): both in the office; the peer says none, the user finds it proper, and the call runs in clear.
source "$(dirname "$0")/lib.sh"
pair 192.168.1.2
capture alice
sv alice ask bob@192.168.1.2 --approve >"$WORK/ask.log"
same "where bob is" "$(known alice sip:bob@192.168.1.2 "['place']")" office
call alice bob@192.168.1.2 60
sleep 3
same "the bundle" "$(of_call alice "['bundle']")" none
end_quietly alice
more "packets in clear" "$(captured alice "$CLEAR")" 250
same "packets sealed" "$(captured alice "$SEALED")" 0
counters_match alice 192.168.1.1
