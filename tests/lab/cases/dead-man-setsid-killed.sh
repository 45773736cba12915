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
what_holds_it_fails 20
