# What comes in, and a share of connections; and that nothing of it stays.
# guest: uml
# fault: in --for 60s --cap 60s latency delay=100ms direction=in to=10.9.0.0/24,fd09::/64
# fault: both --for 60s --cap 60s latency delay=100ms direction=both to=10.9.0.2:7000 protocol=tcp
# fault: some --for 60s --cap 60s latency delay=2s flows=0.25 to=:7000
# fault: short --for 8s --cap 8s latency delay=100ms direction=both to=10.9.0.0/24

. ./lib.sh

# Milliseconds of a round trip.
round_trip() { # ADDRESS
    ping -n -q -c 5 -i 0.2 -W 2 "$1" | sed -n 's|.*= [0-9.]*/\([0-9]*\).*|\1|p'
}

near() { # MILLISECONDS WANTED: within a tenth
    [ -n "$1" ] && [ "$1" -ge $(($2 * 9 / 10)) ] && [ "$1" -le $(($2 * 11 / 10)) ] || { echo "$1 ms, wanted $2" && return 1; }
}

soon() { # MILLISECONDS: what a busy guest takes by itself, and less than any delay here
    [ -n "$1" ] && [ "$1" -le 80 ] || { echo "$1 ms" && return 1; }
}

# Milliseconds until a connection is there, the best of three.
connects() { # ADDRESS PORT
    python3 - "$@" <<'END'
import socket, sys, time
took = []
for _ in range(3):
    t = time.monotonic()
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()
    took.append(time.monotonic() - t)
print(round(min(took) * 1000))
END
}

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

# In User-Mode Linux it is a module that nobody asks for.
[ -e /proc/net/if_inet6 ] || modprobe ipv6
ip netns add far
ip link add near0 type veth peer name far0 netns far
ip addr add 10.9.0.1/24 dev near0
ip addr add fd09::1/64 dev near0 nodad
ip link set near0 up
for address in 10.9.0.2/24 10.9.0.53/24 10.8.0.2/32 169.254.169.254/32; do ip -n far addr add $address dev far0; done
ip -n far addr add fd09::2/64 dev far0 nodad
ip -n far addr add fd08::2/128 dev far0 nodad
ip -n far link set far0 up
ip -n far link set lo up
ip route add default via 10.9.0.2
ip -6 route add default via fd09::2
echo nameserver 10.9.0.53 >/run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf 2>/dev/null || { : >/etc/resolv.conf && mount --bind /run/resolv.conf /etc/resolv.conf; }
ip netns exec far python3 - <<'END' &
import selectors, socket
s = selectors.DefaultSelector()
for kind, port in (("t", 7000), ("t", 7001), ("u", 123), ("u", 7000)):
    for where, any in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        one = socket.socket(where, socket.SOCK_STREAM if kind == "t" else socket.SOCK_DGRAM)
        if where == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((any, port))
        if kind == "t":
            one.listen(512)
        s.register(one, selectors.EVENT_READ, kind)
open("/run/ready", "w")
while True:
    for key, _ in s.select():
        if key.data == "t":
            key.fileobj.accept()[0].close()
        else:
            data, who = key.fileobj.recvfrom(999)
            key.fileobj.sendto(data, who)
END
until [ -e /run/ready ]; do sleep 0.1; done
ping -n -q -c 1 10.9.0.2 >/dev/null
ping -n -q -c 1 fd09::2 >/dev/null
# An address of its own comes a while after the interface.
until [ -z "$(ip -6 address show tentative)" ]; do sleep 0.1; done
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
