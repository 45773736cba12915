# --- Blackhole ------------------------------------------------------------------------------------------------
# Packets to what is named are dropped or rejected.

case $direction in both) chains="out in" ;; *) chains=$direction ;; esac

# What is named, a line each: `FAMILY ADDRESS PORT`. If a name has no address: that name, and no.
named() {
    found=
    for target in $targets; do
        port=${target##*,} what=${target%,*}
        case $what in
        any) found="$found- - $port
" ;;
        net,*) found="$found$(family "${what#*,}") ${what#*,} $port
" ;;
        host,*)
            # Of several names of one service at least one must be there: not every service has them all.
            some=
            for name in $(echo "${what#*,}" | tr + ' '); do
                for address in $(addresses "$name"); do
                    some=yes found="$found$(family "$address") $address $port
"
                done
            done
            if [ -z "$some" ] && [ -z "${follows:-}" ]; then
                echo "${what#*,}" | sed 's/+/ and /g'
                return 1
            fi
            ;;
        esac
    done
    printf '%s' "$found" | sort -u
}

# A name server that is spared: what is named and is it alone, or has its port, is not spared.
is_named() { # ADDRESS
    echo "$spots" | while read -r ip address port; do
        case $port in - | 53 | 853) ;; *) continue ;; esac
        case $ip:$address:$port in
        -:*) [ "$port" = - ] || echo yes ;;
        *:"$1":* | *:"$1/32":* | *:"$1/128":*) echo yes ;;
        *:53 | *:853) if has_in_it "$address" "$1"; then echo yes; fi ;;
        esac
    done | grep -q yes
}

passes() {
    for chain in $chains; do
        echo "$chain pass lo - - -"
        echo "$chain pass 4 169.254.169.254 - -"
        echo "$chain pass 6 fd00:ec2::254 - -"
        echo "$chain pass ssh - - -"
        echo "$chain pass nd - - -"
        # A guest that cannot renew its addresses loses them.
        case $chain in out) lease="67 547" ;; *) lease="68 546" ;; esac
        for port in $lease; do echo "$chain pass - - udp $port"; done
    done
    for server in $(name_servers); do
        case $server in 127.* | ::1) continue ;; esac
        if is_named "$server"; then continue; fi
        for chain in $chains; do
            # A port is that which a packet goes to, so answers would not be known by it: all of the server's are let in.
            if [ "$chain" = in ]; then
                echo "in pass $(family "$server") $server - -"
                continue
            fi
            for port in 53 853; do
                echo "out pass $(family "$server") $server tcp $port"
                echo "out pass $(family "$server") $server udp $port"
            done
        done
    done
}

hits() { # reads what is named
    while read -r ip address port; do
        for chain in $chains; do hit "$chain" "$ip" "$address" "$protocol" "$port"; done
    done
}

the_filter() {
    passes
    echo "$spots" | hits
}

fault_preflight() {
    need getent grep sed sort tr cut cksum
    spots=$(named) || refuse "$spots cannot be resolved here"
    firewall_preflight
    [ -n "$spared" ] || ! agent_runs || spare_agent_by_hand
}

# Where no filter can tell the agent's packets from others, what is named must not be where the agent goes.
spare_agent_by_hand() {
    peers=$(agent_peers)
    [ -n "$peers" ] || refuse "nothing here can spare the SSM agent, and nobody knows where it goes: name its region"
    echo "$spots" | while read -r ip address port; do
        # The agent speaks HTTPS and nothing else.
        case $port in - | 443) ;; *) continue ;; esac
        case $protocol in tcp | -) ;; *) continue ;; esac
        for peer in $peers; do
            if [ "$ip" = - ] || has_in_it "$address" "$peer"; then echo yes; fi
        done
    done | grep -q yes || return 0
    refuse "it would cut off the SSM agent, which nothing here can spare: leave its endpoints out of it"
}

fault_apply() {
    note spots "$spots"
    firewall_apply || {
        why="the kernel does not take its filter"
        return 1
    }
}

# A name gets other addresses in time, and the agent another control group.
fault_work() {
    spots=$(noted spots)
    while sleep 2; do
        spare_agent_anew
        case $targets in *host,*) follow_names ;; esac
    done
}

follow_names() {
    # A name that has no address for a while does not keep others from being followed.
    now=$(follows=yes && named)
    new=$(echo "$now" | while read -r spot; do echo "$spots" | grep -Fxq "$spot" || echo "$spot"; done)
    [ -n "$new" ] || return 0
    spots="$spots
$new"
    case $(noted backend) in
    nft) echo "$new" | hits | nft_rules | nft -f - ;;
    iptables)
        for version in $(versions); do
            { echo "*filter" && echo "$new" | hits | iptables_rules "$version" && echo COMMIT; } |
                "$(iptables_of "$version")-restore" -w 5 --noflush
        done
        ;;
    esac 2>/dev/null
}

fault_check() { firewall_check; }

fault_undo() { firewall_undo; }
