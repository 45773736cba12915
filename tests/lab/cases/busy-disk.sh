# A disk is kept busy, at the rate that was asked for and in a file without a name.
# guest: nspawn
# fault: busy --for 60s --cap 120s burn-io path=/var/tmp rate=16MiB
# fault: large --for 60s --cap 120s burn-io path=/var/tmp rate=999999GiB

. ./lib.sh
snapshot before
says ready busy preflight
says refused large preflight
says applied busy apply
# Its file has no name, but whoever holds it open shows it. A write is over in milliseconds, and leaves its time there.
held() {
    for one in /proc/[0-9]*/fd/9; do
        case $(readlink "$one") in /var/tmp/*deleted*) echo "$one" && return ;; esac
    done
}
writes() {
    is=$(stat -Lc %y "$(held)") || return 1
    was=${was:-$is}
    [ "$is" != "$was" ]
}
check "somebody writes" within 10 writes
check_not "in a file without a name" sh -c "ls -A /var/tmp | grep simian"
says applied busy status
says absent busy undo
check_not "nobody writes any more" pgrep -x dd
snapshot after
check "nothing is left" same_state before after
