# A tunnel between the two devices: what tshark opens with the key log are whole IP packets with the addresses inside.
source "$(dirname "$0")/lib.sh"
pair 133.134.10.10
rules="ipsec esp/tunnel/192.168.1.1-133.134.10.10/require"
sv alice ask bob@133.134.10.10 --edit "spdadd any any udp -P out $rules; # sv: suites=aes-256-gcm" >"$WORK/ask.log"
capture alice
call alice bob@133.134.10.10 60
sleep 2
end_quietly alice
same "packets in clear" "$(captured alice "$CLEAR")" 0
counters_match alice 192.168.1.1
opened alice 4
more "IP packets inside, from alice" "$(inner 192.168.1.1 133.134.10.10 192.168.1.1)" 90
more "IP packets inside, from bob" "$(inner 133.134.10.10 192.168.1.1 133.134.10.10)" 90
