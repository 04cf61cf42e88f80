# A policy that changes in a running call (point 9): discard ends it on both sides, with the reason, and nothing goes out any more.
source "$(dirname "$0")/lib.sh"
pair 192.168.1.2 ''
sv alice ask bob@192.168.1.2 --approve >"$WORK/ask.log"
capture alice
call alice bob@192.168.1.2 60
sleep 1
sv alice policy add "spdadd 192.168.1.1 192.168.1.2 udp -P out discard; # sv: priority=9" >"$WORK/add.log"
over() { [ "$(of_call "$1" "['state']")" != active ]; }
for host in alice bob; do until_true "the call of $host ends" over $host; done
same "why, at alice" "$(of_call alice "['failure']['code']")" policy-discards
sleep 0.5
before=$(captured alice "portrange 16384-32767")
sleep 1
same "packets afterwards" "$(($(captured alice "portrange 16384-32767") - before))" 0
test=$(sv alice policy test 192.168.1.1 16384 192.168.1.2 16384 udp out)
grep -q discard <<<"$test" || fail "the database says: $test"
