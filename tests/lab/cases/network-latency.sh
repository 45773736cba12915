# What latency does to whom: a far end, everything, and nobody who must be spared. And that nothing of it stays.
# guest: uml
# fault: slow --for 60s --cap 90s latency delay=200ms to=10.9.0.0/24,fd09::/64
# fault: part --for 60s --cap 90s latency delay=200ms to=10.9.0.2:7000 protocol=tcp
# fault: all --for 60s --cap 90s latency delay=100ms jitter=20ms distribution=normal

. ./lib.sh
. ./network.sh

# Milliseconds until something has answered a byte: the best of three, for a guest may be busy.
answers() { # ADDRESS PORT
    python3 - "$@" <<'END'
import socket, sys, time
where = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(where, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], int(sys.argv[2])))
took = []
for _ in range(3):
    t = time.monotonic()
    s.send(b"x")
    s.recv(1)
    took.append(time.monotonic() - t)
print(round(min(took) * 1000))
END
}

snapshot before

says ready ./slow preflight
says absent ./slow status
says applied ./slow apply
check "no other interface is touched" [ -z "$(tc qdisc show dev lo | grep prio)" ]
check "IPv4 is late" near "$(round_trip 10.9.0.2)" 200
check "IPv6 is late" near "$(round_trip fd09::2)" 200
check "another network is not" soon "$(round_trip 10.8.0.2)"
check "another network of IPv6 is not" soon "$(round_trip fd08::2)"
check "metadata is not" soon "$(round_trip 169.254.169.254)"
check "a resolver in it is not" soon "$(round_trip 10.9.0.53)"
check "time is not" soon "$(answers 10.9.0.2 123)"
check "time over IPv6 is not" soon "$(answers fd09::2 123)"
check "other datagrams are late" near "$(answers 10.9.0.2 7000)" 200
check "a session of SSH is not" soon "$(connects 10.9.0.2 7000 22)"
check "a session of SSH over IPv6 is not" soon "$(connects fd09::2 7000 22)"
ip neigh flush dev near0
check "neighbours are found at once" soon "$(round_trip 10.9.0.53)"
filters=$(tc filter show dev near0)
says applied ./slow apply
check "and changed nothing" [ "$(tc filter show dev near0)" = "$filters" ]
says refused ./part apply
check "and is told for whom" grep -q 'held by the fault slow' lab.said
says applied ./slow renew
tc filter del dev near0 prio 5
says damaged ./slow status
says absent ./slow undo
snapshot after
check "nothing of it stays" same_state before after

says applied ./part apply
check "that port is late" near "$(connects 10.9.0.2 7000)" 200
check "another port is not" soon "$(connects 10.9.0.2 7001)"
check "another protocol is not" soon "$(answers 10.9.0.2 7000)"
check "another address is not" soon "$(connects 10.8.0.2 7000)"
says absent ./part undo
snapshot after
check "nothing of it stays" same_state before after

says applied ./all apply
check "IPv4 is late" near "$(ping -n -q -c 40 -i 0.05 10.9.0.2 | sed -n 's|.*= [0-9.]*/\([0-9]*\).*|\1|p')" 100
check "IPv6 is late" near "$(ping -n -q -c 40 -i 0.05 fd08::2 | sed -n 's|.*= [0-9.]*/\([0-9]*\).*|\1|p')" 100
check "metadata is not" soon "$(round_trip 169.254.169.254)"
says absent ./all undo
snapshot after
check "nothing of it stays" same_state before after
