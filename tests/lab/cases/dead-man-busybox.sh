# The same where sh is busybox, as in Alpine.
# guest: netns
# fault: short --for 3s --cap 30s pause-process name=victim
# fault: capped --for 4s --cap 7s pause-process name=victim
# fault: long --for 60s --cap 120s pause-process name=victim

. ./lib.sh
# In this guest alone.
ln -sf busybox /bin/sh
. ./dead_man.sh

looking_changes_nothing
it_is_done_and_undone
it_ends_by_itself
two_at_once
nothing_goes_as_it_should
