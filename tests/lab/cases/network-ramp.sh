# A strength that rises, and falls before the end.
# guest: uml
# fault: ramp --for 40s --cap 40s latency delay=600ms ramp=12s to=10.9.0.0/24
# fault: narrow --for 60s --cap 60s bandwidth rate=1mbit ramp=6s/0s to=10.9.0.0/24

. ./lib.sh
. ./network.sh

snapshot before

is_full() { near "$(round_trip 10.9.0.2)" 600; }
is_weak() { [ "$(round_trip 10.9.0.2)" -lt 400 ]; }
says applied ./ramp apply
check "it is weak at first" is_weak
check "it grows" within 20 is_full
says applied ./ramp status
check "it weakens" within 30 is_weak
says applied ./ramp status
check "it ends by itself" within 30 has_ended ./ramp

# A rate that rises is one that falls.
rate() { tc qdisc show dev near0 | sed -n 's/.* rate \([^ ]*\).*/\1/p'; }
is_rate() { [ "$(rate)" = "$1" ]; }
says applied ./narrow apply
check "the rate is high at first" [ "$(rate)" != 1Mbit ]
check "it falls to what was asked for" within 20 is_rate 1Mbit
says applied ./narrow status
says absent ./narrow undo
snapshot after
check "nothing of it stays" same_state before after
