# Situation 3: the user wants less than the peer asks. The peer would drop such packets, so it is asked first; until it has agreed the tighter
# policy holds on both sides.
source "$(dirname "$0")/lib.sh"
pair 192.168.1.2 '[watchers]
unknown = "place"'
sv alice ask bob@192.168.1.2 --approve >"$WORK/ask.log"
sv bob ask alice@192.168.1.1 --approve >"$WORK/ask-back.log"
capture alice
call alice bob@192.168.1.2 60
same "before" "$(of_call alice "['bundle']")" esp
hang_up alice
clear=$(captured alice "$CLEAR")
same "in clear before bob has agreed" "$clear" 0
sv alice ask bob@192.168.1.2 --approve none --propose >"$WORK/propose.log" 2>&1 &
PIDS+=($!)
proposed() { [ "$(json bob review list | field "['reviews'][-1]['state']")" = pending ]; }
until_true "bob is asked" proposed
sv bob review answer "$(json bob review list | field "['reviews'][-1]['id']")" --approve >"$WORK/agree.log"
wait "${PIDS[-1]}" || fail "the proposal came to nothing: $(tail -n 3 "$WORK/propose.log")"
call alice bob@192.168.1.2 60
sleep 2
same "after" "$(of_call alice "['bundle']")" none
hang_up alice
more "in clear, as both agreed" "$(captured alice "$CLEAR")" 150
same "dropped at alice" "$(of_call alice "['packets']['dropped']")" "{}"
same "dropped at bob" "$(of_call bob "['packets']['dropped']")" "{}"
