# What latency does to whom: a far end, everything, and nobody who must be spared. And that nothing of it stays.
# guest: uml
# fault: slow --for 60s --cap 90s latency delay=200ms to=10.9.0.0/24,fd09::/64
# fault: part --for 60s --cap 90s latency delay=200ms to=10.9.0.2:7000 protocol=tcp
# fault: all --for 60s --cap 90s latency delay=100ms jitter=20ms distribution=normal
# fault: spared --for 60s --cap 90s latency delay=100ms to=10.9.0.53
# fault: queued --for 60s --cap 60s latency delay=100ms to=10.7.0.0/24
# fault: short --for 10s --cap 10s latency delay=100ms to=10.9.0.0/24

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

# Milliseconds until a connection is there, the best of three.
connects() { # ADDRESS PORT [SOURCE PORT]
    python3 - "$@" <<'END'
import socket, sys, time
took = []
for _ in range(3):
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # No trace of the last one may be in the way of a port that is given.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    s.settimeout(5)
    s.bind(("", int(sys.argv[3]) if len(sys.argv) > 3 else 0))
    t = time.monotonic()
    s.connect((sys.argv[1], int(sys.argv[2])))
    took.append(time.monotonic() - t)
    s.close()
print(round(min(took) * 1000))
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
            one.listen(64)
        s.register(one, selectors.EVENT_READ, kind)
open("/run/ready", "w")
while True:
    for key, _ in s.select():
        if key.data == "t":
            key.fileobj.accept()[0].close()
        else:
            data, who = key.fileobj.recvfrom(9)
            key.fileobj.sendto(data, who)
END
until [ -e /run/ready ]; do sleep 0.1; done
ping -n -q -c 1 10.9.0.2 >/dev/null
ping -n -q -c 1 fd09::2 >/dev/null
# An address of its own comes a while after the interface.
until [ -z "$(ip -6 address show tentative)" ]; do sleep 0.1; done
# An interface with a queue of the kernel's.
ip link add queue0 type ifb
ip addr add 10.7.0.1/24 dev queue0
ip link set queue0 up
until [ -z "$(ip -6 address show tentative)" ]; do sleep 0.1; done
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
