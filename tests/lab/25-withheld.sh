# Situation 8: the peer does not tell where it is. The review compares the two addresses, says that this is our inference, and advises as if
# the worst were so.
source "$(dirname "$0")/lib.sh"
pair 133.134.10.10 '[policy]
default = ["spdadd any any udp -P out none;"]
[watchers]
unknown = "policy"'
sv alice ask bob@133.134.10.10 --approve "ipsec esp/transport//require" >"$WORK/ask.log"
same "bob's place" "$(known alice sip:bob@133.134.10.10 "['place']")" None
tr -s ' \n' ' ' <"$WORK/ask.log" | grep -q "Our inference: yours is private, theirs public: probably outside." \
    || fail "the review does not tell our inference: $(cat "$WORK/ask.log")"
tr -s ' \n' ' ' <"$WORK/ask.log" | grep -q "The peer does not tell where it is, so the worst is assumed." \
    || fail "the review does not advise for the worst: $(cat "$WORK/ask.log")"
call alice bob@133.134.10.10 60
same "the bundle" "$(of_call alice "['bundle']")" esp
hang_up alice
