# A disk is kept busy, at the rate that was asked for and in a file without a name.
# guest: nspawn
# fault: busy --for 60s --cap 120s burn-io path=/var/tmp rate=16MiB
# fault: large --for 60s --cap 120s burn-io path=/var/tmp rate=999999GiB

. ./lib.sh
snapshot before
says ready busy preflight
says refused large preflight
says applied busy apply
writes() { grep -qs 'dd' "/proc/$(pgrep -x dd | head -n 1)/comm"; }
check "somebody writes" within 10 writes
check_not "in a file without a name" sh -c "ls -A /var/tmp | grep simian"
says applied busy status
says absent busy undo
check_not "nobody writes any more" pgrep -x dd
snapshot after
check "nothing is left" same_state before after
