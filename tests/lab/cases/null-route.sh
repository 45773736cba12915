# Networks are routed to nowhere and others are not, of both families; what would cut the guest off is refused.
# guest: netns
# fault: far --for 60s --cap 60s null-route to=10.20.0.0/16,fd20::/32
# fault: again --for 60s --cap 60s null-route to=10.30.0.0/16,fd20::/32
# fault: gateway --for 60s --cap 60s null-route to=10.9.0.2
# fault: gateway6 --for 60s --cap 60s null-route to=fd09::2
# fault: local --for 60s --cap 60s null-route to=10.0.0.0/8
# fault: local6 --for 60s --cap 60s null-route to=fd09::/48
# fault: resolver --for 60s --cap 60s null-route to=10.50.0.0/24
# fault: short --for 2s --cap 60s null-route to=10.20.0.0/16

. ./lib.sh

. ./peer.sh
in_peer ip link set v1 up
in_peer ip address add 10.9.0.2/24 dev v1
in_peer ip address add fd09::2/64 dev v1 nodad
for address in 10.20.0.1/32 10.21.0.1/32 fd20::1/128 fd21::1/128; do in_peer ip address add $address dev lo; done
ip route add default via 10.9.0.2
ip -6 route add default via fd09::2
echo "nameserver 10.50.0.53" >/etc/resolv.conf
# A part of what is to go nowhere that is somebody else's.
ip route add 10.20.7.0/24 via 10.9.0.2

reaches() { # ADDRESS
    ping -q -c 1 -W 1 "$1"
}
routes() {
    ip route show table all
    ip -6 route show table all
}

check "addresses are settled" within 5 sh -c "! ip -6 address | grep -q tentative"
check "everything is there before" within 5 reaches fd21::1
check "and the network too" reaches 10.20.0.1
snapshot before
routes >routes.before

says ready far preflight
says applied far apply
check_not "the network is gone" reaches 10.20.0.1
check_not "and over IPv6" reaches fd20::1
check "another is not" reaches 10.21.0.1
check "nor over IPv6" reaches fd21::1
check "the routes are marked" sh -c 'ip route | grep -q "^blackhole 10.20.0.0/16 proto 66" && ip -6 route | grep -q "^blackhole fd20::/32 .*proto 66"'
routes >routes.once
says applied far apply
routes >routes.twice
check "a second apply changes nothing" cmp routes.once routes.twice
says refused again apply
routes >routes.twice
check "what was refused changed nothing" cmp routes.once routes.twice
says absent far undo
says absent far undo
routes >routes.after
check "the routes are what they were" cmp routes.before routes.after
snapshot after
check "nothing is left of it" same_state before after

for each in gateway gateway6 local local6 resolver; do says refused $each preflight; done

says applied far apply
ip route del blackhole 10.20.0.0/16
says damaged far status
# Whoever took it away made one of their own.
ip route add blackhole 10.20.0.0/16
says damaged far status
says absent far undo
check "what is not ours stays" sh -c 'ip route | grep -qx "blackhole 10.20.0.0/16 *"'
says refused far apply
ip route del blackhole 10.20.0.0/16

says applied short apply
check "it ends by itself" within 8 has_ended short
check "and the network is there" reaches 10.20.0.1
routes >routes.after
check "the routes are what they were at last" cmp routes.before routes.after
snapshot after
check "nothing is left at last" same_state before after
kill "$peer"
