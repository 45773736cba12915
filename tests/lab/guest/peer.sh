# Another machine beside this one: `v0` here, 10.9.0.1 and fd09::1, leads to its `v1`, which is up to the case.

unshare -n sleep 1000 &
peer=$!
in_peer() { nsenter -t "$peer" -n "$@"; }
within 5 sh -c "[ \$(readlink /proc/$peer/ns/net) != \$(readlink /proc/self/ns/net) ]"
ip link add v0 type veth peer name v1 netns "$peer"
ip address add 10.9.0.1/24 dev v0
ip address add fd09::1/64 dev v0 nodad
ip link set v0 up
in_peer ip link set lo up
