# --- A filter of our own --------------------------------------------------------------------------------------
# nftables where it works: one table that is made and taken away in one step. Else iptables and ip6tables: chains of
# our own. The name of the table and of the chains is the mark of ownership: it has the fault's id in it.

table=simian_fault_$id
tag=$id
# A chain's name has at most 28 characters.
[ "${#tag}" -le 17 ] || tag=$(printf '%.6s' "$id")-$(printf '%s' "$id" | cksum | cut -d ' ' -f 1)

# The units of the SSM agent: of the package, and of the snap that Ubuntu has.
agent_units="amazon-ssm-agent.service snap.amazon-ssm-agent.amazon-ssm-agent.service"

# A family of faults defines `the_filter`: a line a rule, `CHAIN VERDICT FAMILY ADDRESS PROTOCOL PORT`, where `-` is
# any. CHAIN is `out` or `in`, and VERDICT `pass` or `hit`. FAMILY is 4, 6, `lo` for what stays in the guest, `ssh` for
# the sessions of a local SSH server, or `nd` for how IPv6 finds its neighbours (IPv4 does that beside all filters). A
# port is that which a packet goes to, or with `<` before it that which it comes from. What comes first counts.
#
# Whoever sends UDP is told at once when a filter drops it on its way out: the kernel says so (EPERM). Only what is
# dropped on its way in is silent.

# The rules that hit: a family's word `how` makes packets vanish or answers them.
hit() { # CHAIN FAMILY ADDRESS PROTOCOL PORT
    if [ "$4" = - ] && [ "$5" != - ]; then
        echo "$1 hit $2 $3 tcp $5"
        echo "$1 hit $2 $3 udp $5"
    else
        # A connection of TCP is refused by a reset, everything else by a message of ICMP.
        if [ "$4" = - ] && [ "$how" = reject ]; then echo "$1 hit $2 $3 tcp -"; fi
        echo "$1 hit $2 $3 $4 $5"
    fi
}

# The units of the agent that have a control group of the second version: its path there, and its number.
agent_groups() {
    sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/mounts | while read -r root; do
        for agent in $agent_units; do
            if [ -d "$root/system.slice/$agent" ]; then
                echo "system.slice/$agent:$(stat -c %i "$root/system.slice/$agent")"
            fi
        done
    done | sort -u
}

nft_rules() { # reads rules
    while read -r chain verdict ip address protocol port; do
        side=d face=oifname
        if [ "$chain" = in ]; then side=s face=iifname; fi
        match=
        case $ip in
        4) match="ip ${side}addr $address " ;;
        6) match="ip6 ${side}addr $address " ;;
        lo) match="$face lo " ;;
        ssh)
            # Its answers, and what its clients say in a session that is there: no beginning of another.
            match="tcp sport 22 tcp flags & syn == 0 "
            if [ "$chain" = in ]; then match="tcp dport 22 tcp flags & syn == 0 "; fi
            ;;
        nd) match="icmpv6 type { 133, 134, 135, 136 } " ;;
        esac
        case $protocol:$port in
        -:*) ;;
        *:-) match="${match}meta l4proto $protocol " ;;
        *:"<"*) match="$match$protocol sport ${port#?} " ;;
        *) match="$match$protocol dport $port " ;;
        esac
        case $verdict:$how:$protocol in
        pass:*) end=accept ;;
        *:drop:*) end=drop ;;
        *:tcp) end="reject with tcp reset" ;;
        *) end="reject with icmpx type port-unreachable" ;;
        esac
        echo "add rule inet $table $chain $match$end"
    done
}

# All of it: the table, its chains, what spares the agent, and the rules.
nft_table() { # reads rules; GROUPS of the agent
    echo "add table inet $table"
    for chain in $chains; do
        # Behind the guest's own translation of addresses, and before other filters.
        echo "add chain inet $table $chain { type filter hook ${chain}put priority -10; policy accept; }"
        nft_agent "$chain" "$1"
    done
    nft_rules
}

nft_agent() { # CHAIN GROUPS
    for group in $2; do
        echo "insert rule inet $table $1 socket cgroupv2 level 2 \"${group%:*}\" accept"
    done
}

iptables_rules() { # IP's version; reads rules
    unreachable=icmp-port-unreachable
    if [ "$1" = 6 ]; then unreachable=icmp6-port-unreachable; fi
    while read -r chain verdict ip address protocol port; do
        side=-d face=-o
        if [ "$chain" = in ]; then side=-s face=-i; fi
        match=
        case $ip in
        "$1") match=" $side $address" ;;
        4 | 6) continue ;;
        nd)
            [ "$1" = 4 ] || for kind in 133 134 135 136; do
                echo "-A simian_${chain}_$tag -p ipv6-icmp -m icmp6 --icmpv6-type $kind -j RETURN"
            done
            continue
            ;;
        lo) match=" $face lo" ;;
        ssh)
            match=" -p tcp --sport 22 --tcp-flags SYN NONE"
            if [ "$chain" = in ]; then match=" -p tcp --dport 22 --tcp-flags SYN NONE"; fi
            ;;
        esac
        case $protocol:$port in
        -:*) ;;
        *:-) match="$match -p $protocol" ;;
        *:"<"*) match="$match -p $protocol --sport ${port#?}" ;;
        *) match="$match -p $protocol --dport $port" ;;
        esac
        case $verdict:$how:$protocol in
        pass:*) end=RETURN ;;
        *:drop:*) end=DROP ;;
        *:tcp) end="REJECT --reject-with tcp-reset" ;;
        *) end="REJECT --reject-with $unreachable" ;;
        esac
        echo "-A simian_${chain}_$tag$match -j $end"
    done
}

iptables_table() { # IP's version; GROUPS of the agent; reads rules
    echo "*filter"
    for chain in $chains; do
        echo ":simian_${chain}_$tag - [0:0]"
        for group in $2; do echo "-A simian_${chain}_$tag -m cgroup --path ${group%:*} -j RETURN"; done
    done
    iptables_rules "$1"
    for chain in $chains; do echo "-I $(hook "$chain") 1 -j simian_${chain}_$tag"; done
    echo COMMIT
}

hook() { # CHAIN
    case $1 in out) echo OUTPUT ;; in) echo INPUT ;; esac
}

iptables_of() { # IP's version
    case $1 in 4) echo iptables ;; 6) echo ip6tables ;; esac
}

# The versions of IP that this guest has: without a kernel's IPv6 there is nothing to filter, and nothing that could.
versions() {
    echo 4
    if [ -e /proc/net/if_inet6 ]; then echo 6; fi
}

# Sets what filters here and what spares the agent: `backend` and `spared`.
choose() {
    backend=none spared=
    groups=$(agent_groups)
    if has nft; then
        if the_filter | nft_table "$groups" | nft -c -f - 2>/dev/null; then
            backend=nft spared=$groups
        elif the_filter | nft_table "" | nft -c -f - 2>/dev/null; then
            backend=nft
        fi
    fi
    # What nft cannot spare, iptables may.
    if [ "$backend" = none ] || { [ -z "$spared" ] && [ -n "$groups" ]; }; then
        if has iptables-restore && { [ ! -e /proc/net/if_inet6 ] || has ip6tables-restore; } &&
            iptables -w 5 -S OUTPUT >/dev/null 2>&1; then
            if [ "$backend" = none ] || knows_groups; then backend=iptables; fi
            if knows_groups; then spared=$groups; fi
        fi
    fi
}

# The kernel has iptables' match of control groups. It says so when it is loaded; else its module is there to be.
knows_groups() {
    grep -qsx cgroup /proc/net/ip_tables_matches || modinfo xt_cgroup >/dev/null 2>&1
}

firewall_preflight() {
    [ -n "$(the_filter | sed -n '/ hit /p')" ] || refuse "there is nothing to filter"
    choose
    [ "$backend" != none ] || refuse "there is neither nft nor iptables that works: install nftables in the image"
    if has nft && nft list table inet "$table" >/dev/null 2>&1; then
        refuse "there is a table inet $table already, and no fault that says it is its own"
    fi
    for version in $(versions); do
        iptables=$(iptables_of "$version")
        for chain in $chains; do
            if has "$iptables" && "$iptables" -w 5 -S "simian_${chain}_$tag" >/dev/null 2>&1; then
                refuse "$iptables has a chain simian_${chain}_$tag already, and no fault that says it is its own"
            fi
        done
    done
}

firewall_apply() {
    note backend "$backend"
    note groups "$spared"
    case $backend in
    nft) the_filter | nft_table "$spared" | nft -f - || return 1 ;;
    iptables)
        for version in $(versions); do
            the_filter | iptables_table "$version" "$spared" | "$(iptables_of "$version")-restore" -w 5 --noflush || return 1
        done
        ;;
    esac
    rules_now >"$dir/rules"
}

# The rules as the kernel has them; without those that spare the agent, which are made anew with it.
rules_now() {
    case $(noted backend) in
    nft) nft list table inet "$table" | sed '/socket cgroupv2/d' ;;
    iptables)
        for version in $(versions); do
            iptables=$(iptables_of "$version")
            for chain in $chains; do
                "$iptables" -w 5 -S "simian_${chain}_$tag" 2>/dev/null | sed -e '/-m cgroup/d' -e "s/^/$version /"
                "$iptables" -w 5 -S "$(hook "$chain")" | sed -n "/-j simian_${chain}_$tag\$/s/^/$version /p"
            done
        done
        ;;
    esac
}

firewall_check() {
    why="its filter is gone"
    rules_now >"$dir/now" 2>/dev/null || return 1
    if [ ! -s "$dir/now" ] || [ ! -s "$dir/rules" ]; then return 1; fi
    # More may have come: addresses that a name got later.
    if grep -Fvxq -f "$dir/now" "$dir/rules"; then
        why="somebody changed its filter"
        return 1
    fi
}

# Each step is tried for itself: somebody may have taken away a part of it.
firewall_undo() {
    case $(noted backend) in
    nft)
        ! nft list table inet "$table" >/dev/null 2>&1 || nft delete table inet "$table"
        ;;
    iptables)
        for version in $(versions); do
            iptables=$(iptables_of "$version")
            for chain in $chains; do
                own=simian_${chain}_$tag
                while "$iptables" -w 5 -D "$(hook "$chain")" -j "$own" 2>/dev/null; do :; done
                "$iptables" -w 5 -F "$own" 2>/dev/null && "$iptables" -w 5 -X "$own" 2>/dev/null
                ! "$iptables" -w 5 -S "$own" >/dev/null 2>&1 || return 1
            done
        done
        ;;
    esac
}

# An agent that starts anew is in a new control group, which the rule of the old one does not know.
spare_agent_anew() {
    groups=$(agent_groups)
    [ "$groups" != "$(noted groups)" ] || return 0
    note groups "$groups"
    case $(noted backend) in
    nft) for chain in $chains; do nft_agent "$chain" "$groups"; done | nft -f - ;;
    iptables)
        for version in $(versions); do
            for chain in $chains; do
                for group in $groups; do
                    "$(iptables_of "$version")" -w 5 -I "simian_${chain}_$tag" 1 -m cgroup --path "${group%:*}" -j RETURN
                done
            done
        done
        ;;
    esac 2>/dev/null
}
