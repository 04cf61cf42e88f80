# Item 831: the tunnel's other end is a gateway outside. It opens what Alice sends and sends it on from its own address; Bob is an
# agent as any other, and sees nobody else.
source "$(dirname "$0")/lib.sh"
networks alice gw bob
plug alice router office 192.168.1.1
plug gw router public 133.134.10.1
plug bob router public 133.134.10.10
agent alice 192.168.1.1 "$EASY"
agent gw 133.134.10.1 "$EASY
[gateway]
users = [\"sip:alice@192.168.1.1\"]
destinations = [\"133.134.10.0/24\"]"
agent bob 133.134.10.10 "$EASY"
for one in gw bob; do sv $one ask alice@192.168.1.1 --approve >"$WORK/$one.ask"; done
sv alice ask gw@133.134.10.1 --approve >"$WORK/ask.log"
rules="ipsec esp/tunnel/192.168.1.1-133.134.10.1/require"
sv alice ask bob@133.134.10.10 --edit "spdadd any any udp -P out $rules; # sv: suites=aes-256-gcm" >>"$WORK/ask.log"
capture alice
capture bob
call alice bob@133.134.10.10 60
sleep 2
same "what protects the call" "$(json alice calls | field "['calls'][0]['bundle']")" esp/tunnel
same "where the gateway sends it on to" "$(of_call gw "['forwards']")" 133.134.10.10
# On hold nobody speaks, and nothing of the call is under way when it ends.
sv alice hold c1 >>"$WORK/ask.log"
sleep 0.5
hang_up alice
same "packets in clear in the office" "$(captured alice "$CLEAR")" 0
same "packets past the gateway, in the office" "$(captured alice "host 133.134.10.10 and udp portrange 16384-32767")" 0
more "packets in clear from the gateway at bob" "$(captured bob "$CLEAR and src host 133.134.10.1")" 90
more "his packets to it" "$(captured bob "$CLEAR and dst host 133.134.10.1")" 90
same "packets of alice's address at bob" "$(captured bob "host 192.168.1.1 and udp portrange 16384-32767")" 0
# He may speak before Alice has: a gateway lets in whom its user has sent to.
less "packets that the gateway dropped" "$(dropped gw)" 3
same "packets that bob dropped" "$(dropped bob)" 0
# What the gateway counts is what bob and alice saw of it.
at_bob=$(captured bob "src host 133.134.10.1 and udp portrange 16384-32767")
at_alice=$(captured alice "dst host 192.168.1.1 and udp portrange 16384-32767")
same "out of the tunnel, counted and captured" "$(of_call gw "['packets']['received']")" "$at_bob"
same "into the tunnel, counted and captured" "$(of_call gw "['packets']['sent']")" "$at_alice"
opened alice 4
more "IP packets inside, to bob" "$(inner 133.134.10.1 133.134.10.10 192.168.1.1)" 90
more "IP packets inside, from bob" "$(inner 133.134.10.10 133.134.10.1 133.134.10.1)" 90
