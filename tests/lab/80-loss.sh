# A bad network: of a hundred packets ten are lost at the router, both ways. Setting up, tightening and hanging up come through, and no packet
# falls to the other side's policy.
source "$(dirname "$0")/lib.sh"
pair 133.134.10.10
at router nft -f - <<'NFT'
table ip bad {
    chain lossy {
        type filter hook forward priority 0;
        numgen random mod 100 < 10 drop
    }
}
NFT
sv alice ask bob@133.134.10.10 --approve "ipsec esp/transport//require" >"$WORK/ask.log"
capture bob
call alice bob@133.134.10.10 90
sleep 1
sv alice tighten c1 "ipsec esp/transport//require ah/transport//require" >"$WORK/tighten.log"
tight() { [ "$(of_call "$1" "['bundle']")" = ah+esp ]; }
for host in alice bob; do until_true "$host is protected better" tight $host; done
sleep 3
hang_up alice
for host in alice bob; do
    for reason in policy unprotected forbidden; do
        same "$reason at $host" "$(of_call $host "['packets']['dropped'].get('$reason', 0)")" 0
    done
    more "received by $host" "$(of_call $host "['packets']['received']")" 150
done
same "in clear" "$(captured bob "$CLEAR")" 0
