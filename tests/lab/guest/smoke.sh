# What every guest must have.

uname -r
cat /proc/1/comm
snapshot before
ip link add lab0 type veth peer name lab1
snapshot during
ip link del lab0
sleep 1
snapshot after
check "nothing changed" same_state before after
check_not "a device would be seen" same_state before during
