# What becomes of packets: lost, damaged, sent twice, out of their order, and slow; and that nothing of it stays.
# guest: uml
# fault: loss --for 100s --cap 100s loss share=0.2 to=10.9.0.0/24,fd09::/64
# fault: corrupt --for 100s --cap 100s corrupt share=0.2 to=10.9.0.0/24
# fault: twice --for 100s --cap 100s duplicate share=0.3 to=10.9.0.0/24
# fault: reorder --for 100s --cap 100s reorder share=0.4 delay=300ms to=10.9.0.0/24
# fault: narrow --for 100s --cap 100s bandwidth rate=4mbit to=10.9.0.0/24,fd09::/64

. ./lib.sh

# Sends that many datagrams of 200 bytes and counts answers: all of them, and those within 150 ms.
answers() { # ADDRESS NUMBER
    python3 - "$@" <<'END'
import socket, sys, time
where = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(where, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 7000))
all = soon = 0
sent = {}
def take(seconds):
    global all, soon
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            number = int(s.recv(300)[:8])
        except (TimeoutError, ValueError, ConnectionError):
            continue
        all += 1
        soon += time.monotonic() - sent.get(number, 0) < 0.15
for number in range(int(sys.argv[2])):
    sent[number] = time.monotonic()
    s.send(b"%08d" % number + bytes(192))
    take(0.004)
take(1.5)
print(all, soon)
END
}

# A number is as a share of so many tries makes it, within three standard deviations.
fits() { # NUMBER TRIES PERCENT
    python3 -c 'import sys; k, n, p = map(int, sys.argv[1:]); s = 3 * (n * p * (100 - p)) ** 0.5 / 100; print(k, "of", n * p / 100, "+-", s); sys.exit(abs(k - n * p / 100) > s)' "$@"
}

# The same of the answers from an address. Of 400 samples one is out of three deviations by chance, so there is a second.
arrive() { # ADDRESS PERCENT [FIELD OF answers]
    for try in 1 2; do
        arrived=$(answers "$1" 1000)
        if [ "${3:-1}" = 2 ]; then arrived=${arrived#* }; else arrived=${arrived% *}; fi
        [ "$2" -le 100 ] || arrived=$((arrived - 1000))
        if fits "$arrived" 1000 $(($2 > 100 ? $2 - 100 : $2)); then return; fi
    done
    return 1
}

# Kilobits a second of a transfer of a megabyte.
speed() { # ADDRESS
    python3 - "$@" <<'END'
import socket, sys, time
t = time.monotonic()
s = socket.create_connection((sys.argv[1], 7002), 20)
s.sendall(bytes(1000000))
s.shutdown(socket.SHUT_WR)
s.recv(1)
print(round(8000 / (time.monotonic() - t)))
END
}

is_between() { # NUMBER LOW HIGH
    echo "$1"
    [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
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
import threading
def sink(where, any):
    one = socket.socket(where, socket.SOCK_STREAM)
    if where == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    one.bind((any, 7002))
    one.listen(8)
    while True:
        got = one.accept()[0]
        while got.recv(65536):
            pass
        got.send(b"x")
        got.close()
for each in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    threading.Thread(target=sink, args=each, daemon=True).start()
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

set -- $(answers 10.9.0.2 300)
check "nothing happens by itself" [ "$1" = 300 ]
check "and a transfer is fast" [ "$(speed 10.9.0.2)" -gt 8000 ]

says applied ./loss apply
check "a fifth is lost" arrive 10.9.0.2 80
check "a fifth is lost over IPv6" arrive fd09::2 80
check "nothing is lost elsewhere" [ -n "$(ping -n -q -c 50 -i 0.02 10.8.0.2 | grep ' 0% packet loss')" ]
says absent ./loss undo

says applied ./corrupt apply
errors() { ip netns exec far awk '/^Udp: [0-9]/ { print $8 }' /proc/net/snmp; }
before=$(errors)
check "a fifth is damaged" arrive 10.9.0.2 80
check "and is seen by its checksum" [ $(($(errors) - before)) -gt 100 ]
says absent ./corrupt undo

says applied ./twice apply
check "three of ten come twice" arrive 10.9.0.2 130
says absent ./twice undo

says applied ./reorder apply
set -- $(answers 10.9.0.2 300)
check "none is lost" [ "$1" = 300 ]
check "four of ten overtake" arrive 10.9.0.2 40 2
says absent ./reorder undo

says applied ./narrow apply
# What is sent is more than what arrives: headers take a twentieth.
check "a transfer is slow" is_between "$(speed 10.9.0.2)" 3500 4200
check "a transfer over IPv6 is slow" is_between "$(speed fd09::2)" 3500 4200
check "another is not" [ "$(speed 10.8.0.2)" -gt 8000 ]
says absent ./narrow undo

snapshot after
check "nothing of it stays" same_state before after
