# What comes in, and a share of connections; and that nothing of it stays.
# guest: uml
# fault: in --for 60s --cap 60s latency delay=100ms direction=in to=10.9.0.0/24,fd09::/64
# fault: both --for 60s --cap 60s latency delay=100ms direction=both to=10.9.0.2:7000 protocol=tcp
# fault: some --for 60s --cap 60s latency delay=2s flows=0.25 to=:7000
# fault: short --for 8s --cap 8s latency delay=100ms direction=both to=10.9.0.0/24

. ./lib.sh
. ./network.sh

# How many of 256 connections from even ports are not there after a second.
late() { # ADDRESS PORT
    python3 - "$@" <<'END'
import select, socket, sys, time
where = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
poll = select.poll()
open = {}
t = time.monotonic()
for port in range(40000, 40512, 2):
    s = socket.socket(where, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    s.setblocking(False)
    s.bind(("", port))
    s.connect_ex((sys.argv[1], int(sys.argv[2])))
    open[s.fileno()] = s
    poll.register(s, select.POLLOUT)
while (left := t + 1 - time.monotonic()) > 0:
    for each, _ in poll.poll(left * 1000):
        poll.unregister(each)
        del open[each]
print(len(open))
END
}

snapshot before

says applied ./in apply
check "what goes out is left" [ -z "$(tc qdisc show dev near0 | grep -e prio -e netem)" ]
check "what comes in is late" near "$(round_trip 10.9.0.2)" 100
check "what comes in is late over IPv6" near "$(round_trip fd09::2)" 100
check "another network is not" soon "$(round_trip 10.8.0.2)"
check "another network of IPv6 is not" soon "$(round_trip fd08::2)"
check "a resolver in it is not" soon "$(round_trip 10.9.0.53)"
ip neigh flush dev near0
check "neighbours are found at once" soon "$(round_trip 10.9.0.53)"
says refused ./both apply
check "and is told for whom" grep -q 'the fault in' lab.said
tc filter del dev near0 ingress prio 5
says damaged ./in status
says absent ./in undo
snapshot after
check "nothing of it stays" same_state before after

says applied ./both apply
check "a port is late both ways" near "$(connects 10.9.0.2 7000)" 200
check "another port is not" soon "$(connects 10.9.0.2 7001)"
says absent ./both undo
snapshot after
check "nothing of it stays" same_state before after

says applied ./some apply
check "a quarter of connections is late" [ "$(late 10.9.0.2 7000)" = 64 ]
check "a quarter of connections is late over IPv6" [ "$(late fd09::2 7000)" = 64 ]
check "connections elsewhere are not" [ "$(late 10.9.0.2 7001)" = 0 ]
says absent ./some undo

tc qdisc add dev near0 clsact
says refused ./in preflight
check "what somebody set is left" [ -n "$(tc qdisc show dev near0 | grep clsact)" ]
tc qdisc del dev near0 clsact

says applied ./short apply
check "it ends by itself, at the entry too" within 30 has_ended ./short
snapshot after
check "nothing of it stays" same_state before after
