# A cafe that uses the office's addresses is no office: the gateway's hardware address tells.
source "$(dirname "$0")/lib.sh"
networks bob
router cafe cafe=192.168.1.254/24=$CAFE_GATEWAY
plug bob router office 192.168.1.2
agent bob 192.168.1.2
judged() { [ "$(known bob sip:bob@192.168.1.2 "['place']") $(known bob sip:bob@192.168.1.2 "['environment']['evidence']")" = "$1" ]; }
until_true "the office is told by its gateway" judged "office network"
plug bob cafe cafe 192.168.1.2
until_true "the cafe is not taken for it" judged "private network address"
plug bob router office 192.168.1.2
until_true "and back" judged "office network"
more "rows of the audit table" "$(sv bob audit | grep -c "office (private, by network)")" 2
