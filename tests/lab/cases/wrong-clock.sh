# The clock goes wrong and is right again, whatever happened to it meanwhile.
# guest: uml-systemd
# fault: ahead --for 60s --cap 120s clock-skew by=+10m
# fault: back --for 4s --cap 120s clock-skew by=-2h

. ./lib.sh
# How far the clock is off, by what has passed since the guest was started.
zero=$(($(date +%s) - $(now_ms) / 1000))
off() { echo $(($(date +%s) - $(now_ms) / 1000 - zero)); }
is_off() { [ "$(off)" -ge $(($1 - 3)) ] && [ "$(off)" -le $(($1 + 3)) ]; }
snapshot before

says ready ahead preflight
check "preflight sets nothing" is_off 0
says applied ahead apply
check "it is ten minutes ahead" is_off 600
says applied ahead apply
check "and no more the second time" is_off 600
says absent ahead undo
check "it is right again" is_off 0

says applied back apply
check "it is two hours back" is_off -7200
check "it ends by itself, whatever the clock says" within 9 has_ended back
check "and is right again" is_off 0

snapshot after
check "nothing is left" same_state before after
