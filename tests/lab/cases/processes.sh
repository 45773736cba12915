# Processes end or stand still: those that are meant, and never what keeps the guest reachable.
# guest: nspawn
# fault: stop --for 60s --cap 120s pause-process name=sleep "command=sleep 3111"
# fault: end --for 60s --cap 120s kill-process name=sleep "command=sleep 3111" every=1s signal=TERM
# fault: everybody --for 60s --cap 120s pause-process "name=system*"
# fault: nobody --for 60s --cap 120s kill-process name=no-such-thing

. ./lib.sh
state_of() { sed 's/^.*) //' "/proc/$1/stat" | cut -c 1; }
is_in() { [ "$(state_of "$2")" = "$1" ]; }
# A child that nobody asked after is still a number.
is_gone() { [ ! -e "/proc/$1" ] || is_in Z "$1"; }
sleep 3111 &
meant=$!
sleep 3222 &
other=$!
sleep 3111 &
stopped=$!
kill -STOP "$stopped"
within 5 is_in T "$stopped"
snapshot before

says refused nobody preflight
says refused everybody preflight
says ready stop preflight
says applied stop apply
check "it stands still" within 5 is_in T "$meant"
check "who is not meant goes on" is_in S "$other"
says applied stop apply
says absent stop undo
check "it goes on" within 5 is_in S "$meant"
check "who stood still before does so still" is_in T "$stopped"

says applied stop apply
kill -CONT "$meant"
within 5 is_in S "$meant"
says damaged stop status
says absent stop undo

kill -KILL "$stopped"
snapshot before
says applied end apply
check "it is ended" within 5 is_gone "$meant"
sleep 3111 &
next=$!
check "and so is the next" within 5 is_gone "$next"
check "who is not meant lives" kill -0 "$other"
says absent end undo
sleep 3111 &
next=$!
sleep 2
check "nobody is ended any more" kill -0 "$next"
snapshot after
check "nothing is left" same_state before after
