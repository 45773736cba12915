# The SSM agent is spared by its control group, also when it starts anew; where that cannot be, what would stop it is refused.
# guest: uml
# fault: wide --for 60s --cap 60s blackhole to=0.0.0.0/0,::/0 how=reject
# fault: known --for 60s --cap 60s blackhole to=0.0.0.0/0,::/0 region=eu-central-1
# fault: port --for 60s --cap 60s blackhole to=:443 region=eu-central-1
# fault: elsewhere --for 60s --cap 60s blackhole to=10.9.0.0/24,:80 region=eu-central-1
# fault: route --for 60s --cap 60s null-route to=10.8.0.0/16
# fault: route-known --for 60s --cap 60s null-route to=10.8.0.0/16 region=eu-central-1
# fault: route-elsewhere --for 60s --cap 60s null-route to=10.20.0.0/16,fd20::/32 region=eu-central-1

. ./lib.sh
. ./agent.sh

reaches() { # ADDRESS
    python3 -c 'import socket, sys
socket.create_connection((sys.argv[1], 443), 1)' "$1" 2>&1
}
agent_reaches() { # ADDRESS: from its control group
    (echo 0 >$group/cgroup.procs && reaches "$1")
}

# In User-Mode Linux it is a module that nobody asks for, and there are no tables but the old ones.
[ -e /proc/net/if_inet6 ] || modprobe ipv6
for tool in iptables ip6tables; do update-alternatives --set $tool /usr/sbin/$tool-legacy >/dev/null; done
ip netns add far
ip link add near0 type veth peer name far0 netns far
ip address add 10.9.0.1/24 dev near0
ip address add fd09::1/64 dev near0 nodad
ip link set near0 up
for address in 10.9.0.2/24 10.8.0.2/32; do ip -n far address add $address dev far0; done
for address in fd09::2/64 fd08::2/128; do ip -n far address add $address dev far0 nodad; done
ip -n far link set far0 up
ip route add default via 10.9.0.2
ip -6 route add default via fd09::2
: >/etc/resolv.conf
printf '127.0.0.1 localhost\n10.8.0.2 ssm.eu-central-1.amazonaws.com ssmmessages.eu-central-1.amazonaws.com\nfd08::2 ec2messages.eu-central-1.amazonaws.com\n' >/etc/hosts
ip netns exec far python3 -c '
import socket
s = socket.create_server(("::", 443), family=socket.AF_INET6, dualstack_ipv6=True)
while True: s.accept()[0].close()' &
check "addresses are settled" within 5 sh -c "! ip -6 address | grep -q tentative"
check "everything is there before" within 5 reaches 10.8.0.2
check "and over IPv6" within 5 reaches fd08::2

agent_starts
iptables -S >/dev/null
ip6tables -S >/dev/null
snapshot before

says applied wide apply
check_not "everything is stopped" reaches 10.8.0.2
check_not "and over IPv6" reaches fd08::2
check "the agent reaches what it needs" agent_reaches 10.8.0.2
check "and over IPv6" agent_reaches fd08::2

kill $agent
wait $agent
within 5 rmdir $group
mkdir $group
check "an agent that starts anew does so as well" within 10 agent_reaches 10.8.0.2
check "and over IPv6" within 10 agent_reaches fd08::2
check_not "and still nobody else" reaches 10.8.0.2
says applied wide status
says absent wide undo
snapshot after
check "nothing is left of it" sh -c 'rm /tmp/lab.*/processes; diff -ru /tmp/lab.before /tmp/lab.after'

# No filter knows it without its control group.
umount -l /sys/fs/cgroup
./amazon-ssm-agent 1000 &
agent=$!
within 5 grep -q amazon-ssm-agen /proc/$agent/comm
says refused wide apply
check "it is told what to write" grep -q "name its region" lab.said
says refused known apply
check "it is told what is wrong" grep -q "it would cut off the SSM agent" lab.said
says refused port preflight
says applied elsewhere apply
check_not "what the agent does not need is stopped" reaches 10.9.0.2
check "and the rest is not" reaches 10.8.0.2
says absent elsewhere undo
says refused route preflight
says refused route-known preflight
check "it is told what is wrong" grep -q "10.8.0.2 in it, which the SSM agent needs" lab.said
says applied route-elsewhere apply
says absent route-elsewhere undo
kill $agent
