# Whatever is killed, the fault ends: a dead-man with systemd: a unit of its own.
# guest: nspawn
# fault: short --for 3s --cap 5s pause-process name=victim
# fault: capped --for 4s --cap 7s pause-process name=victim
# fault: long --for 60s --cap 120s pause-process name=victim

. ./lib.sh
. ./dead_man.sh

snapshot before
the_sender_is_killed
undo_overtakes_apply

says applied ./long apply
kill -KILL "$(noted long pid)"
it_has_ended "the holder is killed" long 2
says applied ./long apply
systemctl kill -s KILL simian-fault-long.service
it_has_ended "its unit is killed" long 2
says applied ./long apply
systemctl stop simian-fault-long.service
it_has_ended "its unit is stopped" long 1
what_holds_it_fails 14
says applied ./long apply
systemctl daemon-reexec
systemctl daemon-reload
says applied ./long status
says absent ./long undo
it_has_ended "systemd was started anew" long 0
