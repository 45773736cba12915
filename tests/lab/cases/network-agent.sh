# The SSM agent is spared by the cgroup that it is in, or by the addresses that it talks to, or the fault is refused.
# guest: uml
# fault: slow --for 60s --cap 60s latency delay=200ms
# fault: in --for 60s --cap 60s latency delay=200ms direction=in
# fault: named --for 60s --cap 60s latency delay=200ms direction=in region=eu-central-1
# fault: part --for 60s --cap 60s latency delay=200ms to=10.9.0.0/24

. ./lib.sh

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

group=/sys/fs/cgroup/system.slice/amazon-ssm-agent.service

# As the agent does it: from its cgroup.
agent_connects() { # ADDRESS PORT
    (
        echo 0 >$group/cgroup.procs
        connects "$@"
    )
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
# User-Mode Linux has no other tables.
for tool in iptables ip6tables; do update-alternatives --set $tool /usr/sbin/$tool-legacy >/dev/null; done
mkdir -p $group
cp "$(command -v sleep)" ./amazon-ssm-agent
(
    echo 0 >$group/cgroup.procs
    exec ./amazon-ssm-agent 1000
) &
agent=$!
until [ "$(cat /proc/$agent/comm)" = amazon-ssm-agen ]; do sleep 0.1; done
mount --bind /etc/hosts /etc/hosts
echo "10.8.0.2 ssm.eu-central-1.amazonaws.com
10.8.0.2 ssmmessages.eu-central-1.amazonaws.com
fd08::2 ec2messages.eu-central-1.amazonaws.com" >>/etc/hosts
snapshot before

says applied ./slow apply
check "everybody is late" near "$(connects 10.8.0.2 7000)" 200
check "everybody is late over IPv6" near "$(connects fd08::2 7000)" 200
check "the agent is not" soon "$(agent_connects 10.8.0.2 7000)"
check "the agent is not over IPv6" soon "$(agent_connects fd08::2 7000)"
ip6tables -t mangle -F OUTPUT
says damaged ./slow status
says absent ./slow undo
snapshot after
check "nothing of it stays" same_state before after

# A mark is no help to what comes in.
says refused ./in apply
check "it is told what to write" grep -q 'region=' lab.said
says applied ./named apply
check "everybody is late" near "$(connects 10.9.0.2 7000)" 200
check "the endpoints are not" soon "$(connects 10.8.0.2 7000)"
check "the endpoints are not over IPv6" soon "$(connects fd08::2 7000)"
says absent ./named undo
snapshot after
check "nothing of it stays" same_state before after

# These tables the guest's kernel does not have.
for tool in iptables ip6tables; do update-alternatives --set $tool /usr/sbin/$tool-nft >/dev/null; done
snapshot before
says failed ./slow apply
says absent ./slow status
says applied ./part apply
check "what is limited is done all the same" near "$(connects 10.9.0.2 7000)" 200
says absent ./part undo
snapshot after
check "nothing of it stays" same_state before after

kill $agent
