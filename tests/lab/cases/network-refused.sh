# What is refused, since the undo could not bring it back or nothing would happen; and what ends by itself.
# guest: uml
# fault: slow --for 60s --cap 90s latency delay=200ms to=10.9.0.0/24,fd09::/64
# fault: spared --for 60s --cap 90s latency delay=100ms to=10.9.0.53
# fault: queued --for 60s --cap 60s latency delay=100ms to=10.7.0.0/24
# fault: short --for 10s --cap 10s latency delay=100ms to=10.9.0.0/24

. ./lib.sh
. ./network.sh

# An interface with a queue of the kernel's.
ip link add queue0 type ifb
ip addr add 10.7.0.1/24 dev queue0
ip link set queue0 up
until [ -z "$(ip -6 address show tentative)" ]; do sleep 0.1; done
snapshot before

says refused ./spared apply
tc qdisc add dev near0 root handle 1: prio
says refused ./slow apply
check "and is still there" [ -n "$(tc qdisc show dev near0 | grep '^qdisc prio 1: root')" ]
tc qdisc del dev near0 root
snapshot after
check "nothing of it stays" same_state before after

says applied ./queued apply
says absent ./queued undo
snapshot after
check "the kernel's queue is back" same_state before after
default=$(cat /proc/sys/net/core/default_qdisc)
echo pfifo >/proc/sys/net/core/default_qdisc
says refused ./queued apply
echo "$default" >/proc/sys/net/core/default_qdisc

says applied ./short apply
check "it ends by itself" within 30 has_ended ./short
snapshot after
check "nothing of it stays" same_state before after
