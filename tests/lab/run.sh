#!/usr/bin/env bash
# Plays the scenarios of this folder in networks of namespaces: run.sh [WORD...] plays those whose names have a word.
# Needs root, iproute2, nftables, tcpdump, tshark, python3, util-linux, Kamailio with its modules for SQLite, presence and outbound; where the system makes no namespaces it skips, and says so.
set -uo pipefail
cd "$(dirname "$0")"
export SOTTOVOCE=${SOTTOVOCE:-$PWD/../../target/debug/sottovoce} PATH=$PATH:/usr/sbin:/sbin

skip() {
    echo "SKIPPED: the laboratory: $1"
    [ -z "${CI:-}" ] || exit 1
    exit 0
}
[ "$(id -u)" = 0 ] || skip "it makes networks, and needs root (sudo make lab)"
for tool in ip nft tcpdump tshark python3 kamailio kamcmd; do command -v $tool >/dev/null || skip "it needs $tool"; done
for module in db_sqlite presence outbound; do
    ls /usr/lib/*/kamailio/modules/$module.so >/dev/null 2>&1 || skip "it needs Kamailio's module $module"
done
# Names of namespaces are mounts: in a mount namespace of their own they are nobody else's, and gone with it.
if [ -z "${LAB_INSIDE:-}" ]; then
    unshare --mount true 2>/dev/null || skip "this system makes no mount namespaces (unshare --mount)"
    LAB_INSIDE=yes exec unshare --mount bash "$PWD/run.sh" "$@"
fi
mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns 2>/dev/null || skip "nothing can be mounted on /run/netns"
ip netns add probe 2>/dev/null && ip netns del probe || skip "this system makes no network namespaces (ip netns add)"

passed=0 failed=0
for scenario in [0-9]*.sh; do
    name=${scenario%.sh} name=${name#*-}
    wanted=$([ $# = 0 ] && echo yes || true)
    for word; do [[ $name == *$word* ]] && wanted=yes; done
    [ "$wanted" ] || continue
    why=$(timeout 180 bash "$scenario" 2>&1 >/dev/null)
    status=$?
    if [ $status = 0 ]; then
        echo "ok $name"
        passed=$((passed + 1))
    elif [ $status = 77 ] && [ -z "${CI:-}" ]; then
        echo "SKIPPED: $name: $(tail -n 1 <<<"$why")"
    else
        echo "FAIL $name: $(tail -n 1 <<<"$why")"
        sed 's/^/    /' <<<"$why" >&2
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
