# Whatever is killed, the fault ends: a dead-man without systemd: sessions of their own, two of which watch.
# guest: netns
# fault: short --for 3s --cap 30s pause-process name=victim
# fault: capped --for 4s --cap 7s pause-process name=victim
# fault: long --for 60s --cap 120s pause-process name=victim

. ./lib.sh
. ./dead_man.sh

snapshot before
the_sender_is_killed
undo_overtakes_apply

says applied ./long apply
kill -KILL "$(noted long pid)"
it_has_ended "the holder is killed" long 4
says applied ./long apply
kill -TERM "$(noted long pid)"
it_has_ended "the holder is told to end" long 4
says applied ./long apply
kill -KILL "$(noted long guard)" "$(noted long pid)"
says damaged ./long status
check "nobody ends it" is_hit
says absent ./long undo
it_has_ended "both watchers are killed, and it is undone" long 1
says applied ./short apply
kill -STOP "$(noted short pid)"
it_has_ended "the holder hangs" short 20
sed 's/^fault_work() {.*/fault_work() { while :; do sleep 1; done; }/' ./short >./busy
says applied ./busy apply
kill -KILL "$(worker_of short)"
check "what the worker started goes on" worker_of short
it_has_ended "the worker is killed" short 7
check_not "and what it started ends too" worker_of short
says applied ./short apply
rm -rf /run/simian/short/deadline
it_has_ended "its deadline is lost" short 4
snapshot after
check "all is as before" same_state before after
