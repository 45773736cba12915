# Packets to what is named are stopped and no others, by nftables and by iptables, of both families; all of it ends.
# guest: netns
# fault: ports --for 60s --cap 60s blackhole to=10.9.0.2:7001,[fd09::2]:7001
# fault: answered --for 60s --cap 60s blackhole to=10.9.0.2,fd09::2 how=reject
# fault: udp --for 60s --cap 60s blackhole to=:7001 protocol=udp
# fault: wide --for 60s --cap 60s blackhole to=0.0.0.0/0,::/0 direction=both
# fault: resolver --for 60s --cap 60s blackhole to=10.9.0.53
# fault: inwards --for 60s --cap 60s blackhole to=10.9.0.0/24:7003,[fd09::/64]:7003 direction=in
# fault: named --for 60s --cap 60s blackhole to=db.test:7001
# fault: nowhere --for 60s --cap 60s blackhole to=nowhere.invalid
# fault: a-fault-whose-id-is-as-long-as-an-id-may-be-12 --for 60s --cap 60s blackhole to=10.9.0.2
# fault: short --for 2s --cap 60s blackhole to=10.9.0.2

. ./lib.sh

cat >server.py <<'END'
import socket, sys, threading

def tcp(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=echo, args=(client,), daemon=True).start()

def echo(client):
    while data := client.recv(100):
        client.sendall(data)

def udp(receiver):
    while True:
        data, who = receiver.recvfrom(100)
        receiver.sendto(data, who)

# Each address for itself: so an answer comes from where the question went to.
for port in map(int, sys.argv[2:]):
    for address in sys.argv[1].split():
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for kind, serve in (socket.SOCK_STREAM, tcp), (socket.SOCK_DGRAM, udp):
            s = socket.socket(family, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            if kind == socket.SOCK_STREAM:
                s.listen()
            threading.Thread(target=serve, args=(s,), daemon=True).start()
threading.Event().wait()
END
cat >client.py <<'END'
import errno, socket, sys

protocol, host, port = sys.argv[1:]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
s.settimeout(0.7)
try:
    s.connect((host, int(port)))
    s.send(b"hello")
    print("there" if s.recv(5) == b"hello" else "odd")
except TimeoutError:
    print("silence")
except OSError as error:
    # Who sends UDP is told by the kernel itself, dropped or rejected.
    print({errno.ECONNREFUSED: "refused", errno.EPERM: "told"}.get(error.errno, error))
END
cat >session.py <<'END'
# A session that goes on for as long as its input does.
import socket, sys

s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
s.settimeout(0.7)
for line in iter(sys.stdin.readline, ""):
    try:
        s.sendall(line.encode())
        print("there" if s.recv(100) else "closed", flush=True)
    except TimeoutError:
        print("silence", flush=True)
END

# The other machine, with what a guest finds at AWS.
. ./peer.sh
theirs="10.9.0.2 10.9.0.3 10.9.0.53 169.254.169.254 fd09::2 fd09::3 fd00:ec2::254"
for address in $theirs; do
    case $address in
    169.*) in_peer ip address add "$address" dev v1 ;;
    *:*) in_peer ip address add "$address/64" dev v1 nodad ;;
    *) in_peer ip address add "$address/24" dev v1 ;;
    esac
done
in_peer ip link set v1 up
ip route add default via 10.9.0.2
ip -6 route add default via fd09::2
in_peer python3 server.py "$theirs" 53 80 7001 7002 &
python3 server.py "127.0.0.1 10.9.0.1 fd09::1" 22 7003 7004 &

to() { # PROTOCOL HOST PORT: what becomes of a packet
    python3 client.py "$@"
}
from() { # the same, from the other machine to the guest
    in_peer python3 client.py "$@"
}
is() { # WORD COMMAND...
    is_word=$1
    shift
    is_said=$("$@")
    [ "$is_said" = "$is_word" ] || { echo "it is $is_said and not $is_word" && return 1; }
}
all_reach() {
    is there to tcp 10.9.0.2 7001 && is there to udp fd09::2 7002 && is there to udp 10.9.0.53 53 && is there from tcp 10.9.0.1 7003
}
check "addresses are settled" within 5 sh -c "! ip -6 address | grep -q tentative"
check "the other machine is there" within 10 all_reach

printf 'nameserver 10.9.0.53\noptions timeout:1 attempts:1\n' >/etc/resolv.conf
hosts() { # ADDRESS of db.test
    printf '127.0.0.1 localhost\n%s db.test\n' "$1" >/etc/hosts
}
hosts 10.9.0.3

# Whose rules these are: not ours, so they stay as they are.
nft add table inet another
nft add chain inet another out '{ type filter hook output priority 0; }'
nft add rule inet another out ip daddr 10.11.12.13 drop
iptables-legacy -A OUTPUT -d 10.11.12.13 -j DROP
ip6tables-legacy -A OUTPUT -d fd11::13 -j DROP

rules() { # every rule that the kernel has
    nft list ruleset
    iptables-legacy -S
    ip6tables-legacy -S
}

play() { # BACKEND
    echo "--- $1"
    check "everything reaches before" all_reach
    snapshot before
    rules >rules.before

    says ready ports preflight
    says absent ports status
    says applied ports apply
    check "$1 does it" test "$(cat /run/simian/ports/backend)" = "$1"
    check "TCP to the port is silent" is silence to tcp 10.9.0.2 7001
    check "UDP to the port is dropped" is told to udp 10.9.0.2 7001
    check "so it is over IPv6" is silence to tcp fd09::2 7001
    check "and UDP over IPv6" is told to udp fd09::2 7001
    check "another port is not hit" is there to tcp 10.9.0.2 7002
    check "nor is one over IPv6" is there to udp fd09::2 7002
    check "another host is not hit" is there to tcp 10.9.0.3 7001
    check "nor is one over IPv6, either" is there to tcp fd09::3 7001
    rules >rules.once
    says applied ports apply
    rules >rules.twice
    check "a second apply changes nothing" cmp rules.once rules.twice
    says applied ports renew
    says absent ports undo
    says absent ports undo
    check "all reaches again" all_reach
    snapshot after
    check "nothing is left of it" same_state before after
    rules >rules.after
    check "the rules are what they were" cmp rules.before rules.after

    says applied answered apply
    check "TCP is refused" is refused to tcp 10.9.0.2 7002
    check "UDP is refused" is told to udp 10.9.0.2 7002
    check "TCP over IPv6 is refused" is refused to tcp fd09::2 7002
    check "UDP over IPv6 is refused" is told to udp fd09::2 7002
    check "everything else of it is too" is_false ping -c 1 -W 1 10.9.0.2
    check "another host is not" is there to tcp 10.9.0.3 7002
    says absent answered undo

    says applied udp apply
    check "UDP anywhere is dropped" is told to udp fd09::3 7001
    check "TCP is not" is there to tcp fd09::3 7001
    says absent udp undo

    mkfifo to_ssh
    in_peer python3 session.py 10.9.0.1 22 <to_ssh >from_ssh &
    session=$!
    exec 3>to_ssh
    echo before >&3
    within 5 grep -q there from_ssh
    says applied wide apply
    check "everything is stopped" is silence to tcp 10.9.0.2 7001
    check "and over IPv6" is silence to tcp fd09::3 7002
    check "and from there" is silence from tcp 10.9.0.1 7004
    check "a new session of SSH too" is silence from tcp 10.9.0.1 22
    echo during >&3
    within 5 test "$(wc -l <from_ssh)" = 2
    # shellcheck disable=SC2046 # two lines as one
    check "a session of SSH that was there goes on" is "there there" echo $(cat from_ssh)
    check "the guest's own services are spared" is there to tcp 127.0.0.1 7003
    check "on every address of its own" is there to udp 10.9.0.1 7003
    check "the metadata are spared" is there to tcp 169.254.169.254 80
    # Also when their neighbour must be found first.
    ip -6 neighbour flush all
    check "and those of IPv6" is there to tcp fd00:ec2::254 80
    check "the name server is spared" is there to udp 10.9.0.53 53
    check "for TCP too" is there to tcp 10.9.0.53 53
    check "and for nothing else" is silence to tcp 10.9.0.53 80
    says absent wide undo
    exec 3>&-
    wait "$session"
    rm to_ssh from_ssh

    says applied resolver apply
    check "a name server that is named is stopped" is told to udp 10.9.0.53 53
    says absent resolver undo

    says applied inwards apply
    check "what comes in for that port is stopped" is silence from tcp 10.9.0.1 7003
    check "and over IPv6" is silence from udp fd09::1 7003
    check "another port is not" is there from tcp 10.9.0.1 7004
    check "and answers come" is there to tcp 10.9.0.2 7001
    says absent inwards undo

    says refused nowhere apply
    says absent nowhere status
    says applied named apply
    check "a host is stopped by its name" is silence to tcp 10.9.0.3 7001
    check "another is not" is there to tcp 10.9.0.2 7001
    hosts 10.9.0.2
    check "its next address is stopped as well" within 10 is silence to tcp 10.9.0.2 7001
    says applied named status
    says absent named undo
    hosts 10.9.0.3

    long=a-fault-whose-id-is-as-long-as-an-id-may-be-12
    says applied $long apply
    check "the longest id does it too" is silence to tcp 10.9.0.2 7001
    says absent $long undo

    snapshot after
    check "nothing is left of any" same_state before after
    rules >rules.after
    check "the rules are still what they were" cmp rules.before rules.after

    says applied ports apply
    case $1 in
    nft) nft flush chain inet simian_fault_ports out ;;
    iptables) ip6tables -D OUTPUT -j simian_out_ports ;;
    esac
    says damaged ports status
    says absent ports undo
    case $1 in
    nft) nft add table inet simian_fault_ports ;;
    iptables) ip6tables -N simian_out_ports ;;
    esac
    rules >rules.foreign
    says refused ports apply
    rules >rules.after
    check "what is not ours stays" cmp rules.foreign rules.after
    case $1 in
    nft) nft delete table inet simian_fault_ports ;;
    iptables) ip6tables -X simian_out_ports ;;
    esac

    says applied short apply
    check "it ends by itself" within 8 has_ended short
    check "and everything reaches" all_reach
    snapshot after
    check "nothing is left at last" same_state before after
}

play nft

# A guest without nft. Its iptables may be the old one or that which speaks to nftables.
mv "$(command -v nft)" ./nft.hidden
rules() {
    ./nft.hidden --stateless list ruleset
    iptables-legacy -S
    ip6tables-legacy -S
}
for kind in legacy nft; do
    for tool in iptables ip6tables; do
        update-alternatives --set $tool /usr/sbin/$tool-$kind >/dev/null
        # Its own chains come with the first rule, and stay.
        for chain in OUTPUT INPUT; do
            $tool -A $chain -j ACCEPT
            $tool -D $chain -j ACCEPT
        done
    done
    play iptables
done
kill "$peer"
