# --- Null route -----------------------------------------------------------------------------------------------
# Routes that lead nowhere: whoever sends is told at once that there is no way. Our mark is their protocol's number.

ours=66

route() { # NETWORK VERB...: of that network alone, in the main table
    network=$1
    shift
    ip "-$(family "$network")" route "$@"
}

# The route of exactly that network, if there is one.
route_of() { # NETWORK
    route "$1" show table main exact "$1" 2>/dev/null
}

fault_preflight() {
    need ip grep sed sort cut
    # That of busybox does not show whose a route is.
    ip -V 2>/dev/null | grep -q iproute || refuse "this ip knows too little: install $(package ip) in the image"
    for to in $targets; do
        if [ "$(family "$to")" = 6 ] && [ ! -e /proc/net/if_inet6 ]; then refuse "this guest has no IPv6: leave $to out"; fi
        [ -z "$(route_of "$to")" ] || refuse "there is a route to $to already"
        for gateway in $(route "$to" show default 2>/dev/null | sed -n 's/.* via \([^ ]*\).*/\1/p'); do
            if has_in_it "$to" "$gateway"; then refuse "$to has the default gateway $gateway in it"; fi
        done
        # Whatever has a local network in it has this guest's own address there in it.
        for own in $(ip -o "-$(family "$to")" addr show 2>/dev/null | sed -n 's/.* inet6* \([^ /]*\).*/\1/p'); do
            if has_in_it "$to" "$own"; then refuse "$to has this guest's own address $own in it, and its network"; fi
        done
        for server in $(name_servers); do
            if has_in_it "$to" "$server"; then refuse "$to has the name server $server in it"; fi
        done
    done
    if agent_runs; then
        peers=$(agent_peers)
        [ -n "$peers" ] || refuse "the SSM agent runs here, and nobody knows where it goes: name its region"
        for to in $targets; do
            for peer in $peers; do
                if has_in_it "$to" "$peer"; then refuse "$to has $peer in it, which the SSM agent needs"; fi
            done
        done
    fi
}

fault_apply() {
    for to in $targets; do
        # A note before each: only what was begun is undone.
        note "route_$(digits "${to%/*}")_${to#*/}" "$to"
        route "$to" add blackhole "$to" proto "$ours" || {
            rm -f "$dir/route_$(digits "${to%/*}")_${to#*/}"
            why="the kernel does not take the route to $to"
            return 1
        }
    done
}

is_ours() { # NETWORK
    route_of "$1" | grep -q "^blackhole .*proto $ours"
}

fault_check() {
    for to in $targets; do
        is_ours "$to" || {
            why="its route to $to is gone"
            return 1
        }
    done
}

fault_undo() {
    for noted in "$dir"/route_*; do
        [ -r "$noted" ] || continue
        to=$(cat "$noted")
        # The number makes it delete none but ours.
        route "$to" del blackhole "$to" proto "$ours" 2>/dev/null
        ! is_ours "$to" || return 1
    done
}
