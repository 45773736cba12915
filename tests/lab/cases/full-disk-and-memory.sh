# A disk is as full as asked and never fuller than the floor; memory is taken and given back.
# guest: nspawn
# fault: disk --for 60s --cap 120s fill-disk path=/mnt/disk share=0.7
# fault: floor --for 60s --cap 120s fill-disk path=/mnt/disk share=1.0 floor=600MiB
# fault: again --for 60s --cap 120s fill-disk path=/mnt/disk share=0.01
# fault: memory --for 60s --cap 120s fill-memory share=0.6
# fault: gone --for 60s --cap 120s fill-disk path=/mnt/nowhere

. ./lib.sh
mkdir -p /mnt/disk
mount -t tmpfs -o size=2g disk /mnt/disk
within 10 systemctl is-active mnt-disk.mount
used() { df -Pm /mnt/disk | awk 'NR == 2 { print $3 }'; }
is_between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
is_used() { is_between "$(used)" "$1" "$2"; }
snapshot before

says ready disk preflight
check "preflight writes nothing" same_state before before
says applied disk apply
check "70 % are used" within 10 is_used 1420 1450
check_not "it has no name" test -n "$(ls -A /mnt/disk)"
says applied disk status
says refused again apply
says absent disk undo
check "the room is back" is_used 0 1

says applied floor apply
check "600 MiB stay free" within 10 is_used 1430 1448
says absent floor undo
check "the room is back" is_used 0 1
says refused gone preflight

available() { awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo; }
total() { awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo; }
# The memory is the host's, where others take and free some meanwhile: what counts is what the fault itself keeps.
wanted() { echo $(($(available) - $(total) * 40 / 100)); }
kept() {
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2>/dev/null)" != tail ] || awk '/^VmRSS:/ { print $2 }' "$process/status"
    done | awk '{ kib += $1 } END { print int(kib / 1024) }'
}
mib=$(wanted)
is_taken() { [ "$(kept)" -ge $((mib * 9 / 10)) ]; }
if [ "$mib" -lt 500 ]; then
    say "the machine has no memory to spare: it is not filled here"
else
    says applied memory apply
    check "60 % are used" within 60 is_taken
    says applied memory status
    says absent memory undo
    check_not "it is given back" is_taken
fi

snapshot after
check "nothing is left" same_state before after
