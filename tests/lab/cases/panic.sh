# A panic can be undone until it has come.
# guest: uml-systemd
# fault: panic --for 60s --cap 120s kernel-panic after=30s

. ./lib.sh
before=$(cat /proc/sys/kernel/panic)
snapshot before
says ready panic preflight
says applied panic apply
says applied panic status
says absent panic undo
check "nothing was set" test "$(cat /proc/sys/kernel/panic)" = "$before"
snapshot after
check "nothing is left" same_state before after
