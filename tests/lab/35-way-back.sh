# The opposite move of claim 4: alice goes out in the middle of a call in clear, tightens it there, and comes back. Both users are told that she
# has more than needed, and offered to relax. Nothing changes by itself: she proposes it, bob's user decides, and the call goes on in clear.
source "$(dirname "$0")/lib.sh"
pair 192.168.1.2
sv alice ask bob@192.168.1.2 --approve >"$WORK/ask.log"
sv bob ask alice@192.168.1.1 --approve >"$WORK/ask-back.log"
capture bob
call alice bob@192.168.1.2 120
sleep 1
same "the bundle in the office" "$(of_call alice "['bundle']")" none
has_more() { [ "$(of_call "$1" "['moved']['more_than_needed']")" = True ]; }
offered() { grep -q 'more than needed.*`sottovoce relax c1`' "$WORK/$1.log"; }
at_address() { [ "$(of_call "$1" "['moved']['to']")" = "$2" ]; }
bundle() { [ "$(of_call "$1" "['bundle']")" = "$2" ]; }
plug alice router public 133.134.10.10
for host in alice bob; do until_true "$host is told that alice is outside" at_address $host 133.134.10.10; done
for host in alice bob; do sv $host tighten c1 "ipsec esp/transport//require" >"$WORK/tighten-$host.log" || true; done
for host in alice bob; do until_true "tightened out there, at $host" bundle $host esp; done
plug alice router office 192.168.1.1
for host in alice bob; do
    until_true "$host is told that alice is back" at_address $host 192.168.1.1
    until_true "more than needed, at $host" has_more $host
    until_true "$host is offered to relax" offered $host
done
sleep 1
before=$(captured bob "host 192.168.1.1 and $CLEAR")
sv alice relax c1 >"$WORK/relax.log" 2>&1 &
RELAX=$!
PIDS+=($RELAX)
proposed() { [ "$(json bob review list | field "['reviews'][-1]['state']")" = pending ]; }
until_true "bob is asked" proposed
sleep 1
for host in alice bob; do same "by itself, at $host" "$(of_call $host "['bundle']")" esp; done
same "in clear before bob has agreed" "$(captured bob "host 192.168.1.1 and $CLEAR")" "$before"
dropped_before="$(dropped alice) $(dropped bob)"
sv bob review answer "$(json bob review list | field "['reviews'][-1]['id']")" --approve >"$WORK/agree.log"
wait $RELAX || fail "it was not relaxed: $(tail -n 3 "$WORK/relax.log")"
for host in alice bob; do until_true "relaxed, at $host" bundle $host none; done
sleep 2
more "in clear, as both agreed" $(($(captured bob "host 192.168.1.1 and $CLEAR") - before)) 150
same "dropped by it" "$(dropped alice) $(dropped bob)" "$dropped_before"
hang_up alice
