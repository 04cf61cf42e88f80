# IPComp shrinks what it can: silence, and not speech-like sound. The same call with and without it, sealed both times.
source "$(dirname "$0")/lib.sh"
SOUND=silence
pair 192.168.1.2
capture alice
# The octets of UDP of the longest packet of sound from alice, by the capture's newest packets.
longest() { tcpdump -nr "$WORK/alice.pcap" "src host 192.168.1.1 and $SEALED" 2>/dev/null | tail -n 40 | grep -oE 'length [0-9]+' | sort -k2n | sed -n '20s/length //p'; }
sv alice ask bob@192.168.1.2 --approve "ipsec esp/transport//require" >"$WORK/ask.log"
call alice bob@192.168.1.2 60
sleep 1.5
hang_up alice
plain=$(longest)
sv alice ask bob@192.168.1.2 --approve "ipsec ipcomp/transport//require esp/transport//require" >"$WORK/ask-2.log"
call alice bob@192.168.1.2 60
sleep 1.5
heard=$(of_call alice "['packets']['received']")
hang_up alice
less "octets of a packet of silence, beside $plain without it" "$(longest)" $((plain / 2))
more "packets that alice unpacked" "$heard" 50
same "dropped" "$(of_call alice "['packets']['dropped']")" "{}"
