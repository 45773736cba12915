# The life of a dead-man without systemd: sessions of their own, two of which watch.
# guest: netns
# fault: short --for 3s --cap 30s pause-process name=victim
# fault: capped --for 4s --cap 7s pause-process name=victim
# fault: long --for 60s --cap 120s pause-process name=victim

. ./lib.sh
. ./dead_man.sh

the_whole_life
