# With systemd the undo comes as soon as the holder is gone, whatever ended it; and that nothing of it stays.
# guest: uml-systemd
# fault: killed --for 60s --cap 60s latency delay=200ms direction=both to=10.9.0.0/24 ramp=5s
# fault: over --for 5s --cap 60s loss share=1 to=10.9.0.0/24

. ./lib.sh
. ./network.sh

is_late() { # MILLISECONDS
    [ "$(ping -n -q -c 3 -i 0.2 -W 2 10.9.0.2 | sed -n 's|.*= [0-9.]*/\([0-9]*\).*|\1|p')" -ge "$1" ]
}

snapshot before

says applied ./killed apply
check "it rises to both ways" within 20 is_late 390
systemctl kill --signal=KILL simian-fault-killed.service
check "it ends with its holder" within 20 has_ended ./killed
check_not "nothing is late" is_late 100
snapshot after
check "nothing of it stays" same_state before after

says applied ./over apply
check_not "nothing arrives" ping -n -q -c 2 -i 0.2 -W 1 10.9.0.2
check "it ends by itself" within 20 has_ended ./over
check "all arrives" ping -n -q -c 2 -i 0.2 -W 1 10.9.0.2
snapshot after
check "nothing of it stays" same_state before after
