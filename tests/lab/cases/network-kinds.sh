# Packets that are lost, late and lost, damaged and sent twice; and that nothing of it stays.
# guest: uml
# fault: loss --for 100s --cap 100s loss share=0.2 to=10.9.0.0/24,fd09::/64
# fault: both --for 100s --cap 100s latency delay=100ms jitter=10ms loss=0.2 to=10.9.0.0/24
# fault: corrupt --for 100s --cap 100s corrupt share=0.2 to=10.9.0.0/24
# fault: twice --for 100s --cap 100s duplicate share=0.3 to=10.9.0.0/24

. ./lib.sh
. ./network.sh

snapshot before

# shellcheck disable=SC2046 # several words
set -- $(datagrams 10.9.0.2 300)
check "nothing happens by itself" [ "$1" = 300 ]

says applied ./loss apply
check "a fifth is lost" arrive 10.9.0.2 80
check "a fifth is lost over IPv6" arrive fd09::2 80
check "nothing is lost elsewhere" [ -n "$(ping -n -q -c 50 -i 0.02 10.8.0.2 | grep ' 0% packet loss')" ]
says absent ./loss undo

says applied ./both apply
check "a fifth of what is late is lost" arrive 10.9.0.2 80
check "and the rest is late" near "$(ping -n -q -c 40 -i 0.05 10.9.0.2 | sed -n 's|.*= [0-9.]*/\([0-9]*\).*|\1|p')" 100
says absent ./both undo

says applied ./corrupt apply
errors() { ip netns exec far awk '/^Udp: [0-9]/ { print $8 }' /proc/net/snmp; }
before=$(errors)
check "a fifth is damaged" arrive 10.9.0.2 80
check "and is seen by its checksum" [ $(($(errors) - before)) -gt 100 ]
says absent ./corrupt undo

says applied ./twice apply
check "three of ten come twice" arrive 10.9.0.2 130
says absent ./twice undo

snapshot after
check "nothing of it stays" same_state before after
