# The life of a dead-man with systemd: a unit of its own.
# guest: nspawn
# fault: short --for 3s --cap 5s pause-process name=victim
# fault: capped --for 4s --cap 7s pause-process name=victim
# fault: long --for 60s --cap 120s pause-process name=victim

. ./lib.sh
. ./dead_man.sh

the_whole_life
