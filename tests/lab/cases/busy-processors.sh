# The share of every processor that was asked for is busy, and no more.
# guest: uml-systemd
# fault: half --for 60s --cap 120s burn-cpu share=0.5

. ./lib.sh
snapshot before
says ready half preflight
says applied half apply
# Time that this unit was given, in microseconds.
given() { awk '/^usage_usec/ { print $2 }' /sys/fs/cgroup/system.slice/simian-fault-half.service/cpu.stat; }
measure() {
    began=$(now_ms)
    first=$(given)
    while [ "$(now_ms)" -lt $((began + 4000)) ]; do sleep 0.2; done
    last=$(given)
    passed=$(($(now_ms) - began))
    share=$(((last - first) / 10 / passed / $(nproc)))
    say "$share % of every processor"
    [ "$share" -ge 40 ] && [ "$share" -le 60 ]
}
check "half of every processor is busy" measure
says applied half status
says absent half undo
check_not "nothing is busy any more" pgrep -x yes
snapshot after
check "nothing is left" same_state before after
