# Packets out of their order, and few at a time; and that nothing of it stays.
# guest: uml
# fault: reorder --for 100s --cap 100s reorder share=0.4 delay=300ms to=10.9.0.0/24
# fault: narrow --for 100s --cap 100s bandwidth rate=4mbit to=10.9.0.0/24,fd09::/64

. ./lib.sh
. ./network.sh

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

snapshot before

check "a transfer is fast by itself" [ "$(speed 10.9.0.2)" -gt 8000 ]

says applied ./reorder apply
# shellcheck disable=SC2046 # several words
set -- $(datagrams 10.9.0.2 300)
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
