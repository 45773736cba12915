# The SSM agent is spared by the cgroup that it is in, or by the addresses that it talks to, or the fault is refused.
# guest: uml
# fault: slow --for 60s --cap 60s latency delay=200ms
# fault: in --for 60s --cap 60s latency delay=200ms direction=in
# fault: named --for 60s --cap 60s latency delay=200ms direction=in region=eu-central-1
# fault: part --for 60s --cap 60s latency delay=200ms to=10.9.0.0/24

. ./lib.sh
. ./agent.sh
. ./network.sh

# As the agent does it: from its cgroup.
agent_connects() { # ADDRESS PORT
    (
        echo 0 >$group/cgroup.procs
        connects "$@"
    )
}

# User-Mode Linux has no other tables.
for tool in iptables ip6tables; do update-alternatives --set $tool /usr/sbin/$tool-legacy >/dev/null; done
agent_starts
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
