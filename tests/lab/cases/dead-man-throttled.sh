# The dead-man is quick although its unit has but a share of the processor; with control groups of the second version.
# guest: uml-systemd
# fault: short --for 6s --cap 16s burn-cpu share=0.5
# fault: long --for 60s --cap 120s burn-cpu share=0.5

. ./lib.sh

is_gone() { [ ! -e /run/simian ]; }

snapshot before
says ready ./long preflight
says applied ./short apply
deadline=$(cat /run/simian/short/deadline)
check "it ends by itself" within 15 is_gone
late=$(($(now_ms) - deadline * 1000))
check "it ends within 2 s of its deadline ($late ms)" [ "$late" -ge -100 -a "$late" -lt 2000 ]
says applied ./long apply
kill -KILL "$(cat /run/simian/long/pid)"
check "the holder is killed: it ends" within 3 is_gone
snapshot after
check "all is as before" same_state before after
