# The words of the cases of the network: `. ./network.sh` after `. ./lib.sh`. It makes a far end in a namespace of its own.
#
#   near0 10.9.0.1, fd09::1 --- 10.9.0.2, fd09::2  the default router; it answers on TCP 7000 and 7001, UDP 7000 and 123
#                               10.9.0.53          the resolver
#                               10.8.0.2, fd08::2  another network
#                               169.254.169.254    metadata
#                               TCP 7002           takes all that comes, and then answers a byte

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

# Sends that many datagrams of 200 bytes and counts answers: all of them, and those within 150 ms.
datagrams() { # ADDRESS NUMBER
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
arrive() { # ADDRESS PERCENT [FIELD OF datagrams]
    for _ in 1 2; do
        arrived=$(datagrams "$1" 1000)
        if [ "${3:-1}" = 2 ]; then arrived=${arrived#* }; else arrived=${arrived% *}; fi
        [ "$2" -le 100 ] || arrived=$((arrived - 1000))
        if fits "$arrived" 1000 $(($2 > 100 ? $2 - 100 : $2)); then return; fi
    done
    return 1
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
import selectors, socket, threading
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
