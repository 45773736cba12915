# --- Network --------------------------------------------------------------------------------------------------
# A root qdisc of our own on each interface, and filters that send the packets that are meant to its last band. What
# happens to them there is netem, which comes last: until then nothing happens, and from then on all of it does. Packets
# that come in are sent through an interface of our own, where the same waits for them.
#
# The handle of the qdisc is the mark by which the undo knows it. It lives in the kernel and dies with it.

crc=$(printf %s "$id" | cksum)
crc=${crc%% *}
# Handles from 8000 on are the kernel's own, and people number theirs from 1.
handle=$(printf %x $((20480 + crc % 4096)))
netem=$(printf %x $((24576 + crc % 4096)))
ifb=simian-$handle
bit=0x4000000/0x4000000

# What is always spared, beside ARP, neighbour discovery, DHCP, time and SSH: metadata, DNS and time of the VPC.
spared_ip="169.254.169.254 169.254.169.253 169.254.169.123"
spared_ipv6="fd00:ec2::254 fd00:ec2::253 fd00:ec2::123"
agent_ip=
agent_ipv6=

# The family of an address: `ip` or `ipv6`.
family() { # ADDRESS
    case $1 in *:*) echo ipv6 ;; *) echo ip ;; esac
}

# Each text once.
each_once() { # TEXT...
    seen=' '
    for one in "$@"; do
        case $seen in *" $one "*) ;; *) seen="$seen$one " ;; esac
    done
    # shellcheck disable=SC2086 # without the spaces around
    echo $seen
}

# Whether the kernel can have a module. Where nobody can know, it is tried.
may_have() { # MODULE
    modules=/lib/modules/$(uname -r)
    [ ! -r "$modules/modules.dep" ] || [ -d "/sys/module/$1" ] ||
        grep -qs "/$1\.ko" "$modules/modules.dep" "$modules/modules.builtin"
}

# --- Where the packets go

# The interfaces in lines of `ip route`, without routes that lead nowhere.
interfaces() {
    sed -n '/^\(unreachable\|blackhole\|prohibit\|throw\)/d; s/.* dev \([^ ]*\).*/\1/p'
}

find_devices() {
    devices=
    for probe in $probes; do
        if [ "$probe" = default ]; then
            found=$({
                ip -4 route show table all default
                ip -6 route show table all default
            } 2>/dev/null | interfaces)
            [ -n "$found" ] || refuse "there is no default route: name the far ends with to="
        else
            version=${probe%%,*} rest=${probe#*,}
            net=${rest%%,*} rest=${rest#*,}
            first=${rest%,*} last=${rest#*,}
            # The networks inside of it may go elsewhere than these two.
            found=$({
                ip "-$version" route get "$first"
                ip "-$version" route get "$last"
                ip "-$version" route show root "$net"
            } 2>/dev/null | if [ "$first" = "$last" ]; then cat; else sed '/^\(local\|anycast\)/d'; fi | interfaces)
            [ -n "$found" ] || refuse "there is no route to $net: leave it out of to="
        fi
        devices="$devices $found"
    done
    # shellcheck disable=SC2086 # several words
    devices=$(each_once $devices)
}

# The root qdisc of an interface, as in `prio 51ab:`.
root_of() { # INTERFACE
    tc qdisc show dev "$1" 2>/dev/null | sed -n 's/^qdisc \([^ ]*\) \([0-9a-f]*:\) .*root.*/\1 \2/p'
}

# The qdisc at the entry of an interface.
entry_of() { # INTERFACE
    tc qdisc show dev "$1" 2>/dev/null | sed -n 's/^qdisc \(ingress\|clsact\) .*/\1/p'
}

# The id of the fault that has a handle.
whose() { # HANDLE
    for other in "$state"/*/handle; do
        if [ "$(cat "$other" 2>/dev/null)" = "$1" ]; then
            other=${other%/handle}
            echo "${other##*/}"
        fi
    done
}

# Nobody else has queues there.
check_free() { # INTERFACE
    root=$(root_of "$1")
    case $root in
    *' 0:') ;;
    '') refuse "nobody can say which qdisc $1 has" ;;
    *)
        other=${root#* }
        other=$(whose "${other%:}")
        [ -z "$other" ] || refuse "$1 is held by the fault $other: wait for its end, or undo it"
        refuse "$1 has a root qdisc that somebody set ($root): remove it with tc qdisc del dev $1 root"
        ;;
    esac
    # The kernel brings its own back by itself, but only those that it would make now.
    default=$(cat /proc/sys/net/core/default_qdisc 2>/dev/null)
    for leaf in $(tc qdisc show dev "$1" | sed -n '/^qdisc \(ingress\|clsact\) /d; s/^qdisc \([^ ]* [0-9a-f]*:\) .*/\1/; s/ /,/p'); do
        case $leaf in
        mq,0: | noqueue,0: | "${default:-${leaf%,*}}",0:) ;;
        *,0:) refuse "$1 has a qdisc ${leaf%,*}, and the default is $default by now: nobody could bring it back" ;;
        *) refuse "$1 has a qdisc that somebody set ($(echo "$leaf" | sed 's/,/ /')): the undo could not bring it back" ;;
        esac
    done
    [ "$direction" != out ] || return 0
    if [ -n "$(entry_of "$1")" ]; then
        # A fault that is there holds the entry too.
        for other in "$state"/*/entries; do
            case " $(cat "$other" 2>/dev/null) " in *" $1 "*)
                other=${other%/entries}
                refuse "the entry of $1 is held by the fault ${other##*/}: wait for its end, or undo it"
                ;;
            esac
        done
        refuse "$1 has a qdisc at its entry that somebody set ($(entry_of "$1")): remove it, or use direction=out"
    fi
}

# --- What is spared

find_resolvers() {
    resolvers=$(sed -n 's/^[[:space:]]*nameserver[[:space:]]*\([0-9a-fA-F.:]*\).*/\1/p' \
        /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null)
    for address in $resolvers; do
        case $address in
        # What is asked at home asks others, and these are named beside.
        127.* | ::1) ;;
        *:*) spared_ipv6="$spared_ipv6 $address" ;;
        *.*) spared_ip="$spared_ip $address" ;;
        esac
    done
    # Who names one of them alone would hit nothing.
    for target in $targets; do
        net=${target#*,} net=${net%%,*}
        for address in $spared_ip $spared_ipv6; do
            case $net in
            "$address/32" | "$address/128")
                refuse "$address is a resolver of this guest, which is always spared: leave it out of to="
                ;;
            esac
        done
    done
}

# How the SSM agent is spared, by which the fault is ended from afar: `by_mark` is the cgroup whose packets are marked,
# and `agent_ip` and `agent_ipv6` are the addresses that it talks to.
find_agent() {
    by_mark=
    pid=$(grep -lsx -e amazon-ssm-agen -e ssm-agent-worke /proc/[0-9]*/comm | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
    # Where there is none, none is to be spared.
    [ -n "$pid" ] || return 0
    group=$(sed -n 's/^0::\///p' "/proc/$pid/cgroup" 2>/dev/null)
    # Packets that come in have no mark yet, and each family has tables of its own.
    if [ "$direction" != in ] && [ -n "$group" ] && has iptables && may_have xt_cgroup &&
        { has ip6tables || [ -z "$(ip -6 route show default 2>/dev/null)" ]; }; then
        by_mark=$group
    fi
    if [ -n "$region" ] && has getent; then
        suffix=amazonaws.com
        case $region in cn-*) suffix=amazonaws.com.cn ;; esac
        for name in ssm ssmmessages ec2messages; do
            for address in $(getent ahosts "$name.$region.$suffix" | sed 's/[[:space:]].*//'); do
                case $address in
                *:*) agent_ipv6="$agent_ipv6 $address" ;;
                *) agent_ip="$agent_ip $address" ;;
                esac
            done
        done
        # shellcheck disable=SC2086 # several words
        agent_ip=$(each_once $agent_ip) agent_ipv6=$(each_once $agent_ipv6)
    fi
    if [ "$is_open" = yes ] && ! agent_is_spared; then
        refuse "the SSM agent cannot be spared here: write its region as in region=eu-central-1, or limit the fault with to="
    fi
}

agent_is_spared() {
    [ -n "$agent_ip$agent_ipv6" ] || { [ "$direction" = out ] && [ -n "$by_mark" ]; }
}

# --- Filters
# One match a line: the family, and what u32 takes. A packet's far end is where it goes to, or where it comes from.

ends() { # WAY
    if [ "$1" = out ]; then
        far=dst far_port=dport near_port=sport
    else
        far=src far_port=sport near_port=dport
    fi
}

# What must be so of an IPv4 packet for its ports to be where u32 looks: no options, and no later fragment.
plain='match u8 5 0xf at 0 match u16 0 0x1fff at 6'

spared() { # WAY
    ends "$1"
    for address in $spared_ip $agent_ip; do echo "ip match ip $far $address"; done
    for address in $spared_ipv6 $agent_ipv6; do echo "ipv6 match ip6 $far $address"; done
    # DHCP, time, and the session of whoever came by SSH.
    echo "ip match ip protocol 17 0xff $plain match ip $near_port 68 0xffff"
    echo "ip match ip protocol 17 0xff $plain match ip $far_port 123 0xffff"
    echo "ip match ip protocol 6 0xff $plain match ip $near_port 22 0xffff"
    echo "ipv6 match ip6 protocol 17 0xff match ip6 $near_port 546 0xffff"
    echo "ipv6 match ip6 protocol 17 0xff match ip6 $far_port 123 0xffff"
    echo "ipv6 match ip6 protocol 6 0xff match ip6 $near_port 22 0xffff"
    # Routers and neighbours: ICMPv6 133 to 137.
    for type in '133 0xff' '134 0xfe' '136 0xfe'; do
        echo "ipv6 match ip6 protocol 58 0xff match u8 $type at 40"
    done
}

meant() { # WAY
    ends "$1"
    for target in $targets; do
        family=${target%%,*} rest=${target#*,}
        net=${rest%%,*} rest=${rest#*,}
        number=${rest%%,*} rest=${rest#*,}
        port=${rest%%,*} side=${rest#*,}
        case $family in
        ip) u32=ip where=$plain ;;
        *) u32=ip6 where= ;;
        esac
        # Any packet at all takes a match too.
        if [ "$number" = any ]; then where="match u32 0 0"; else where="$where match $u32 protocol $number 0xff"; fi
        [ "$net" = any ] || where="$where match $u32 $far $net"
        [ "$port" = any ] || where="$where match $u32 $far_port $port 0xffff"
        if [ "$side" = near ]; then told_by=$near_port; else told_by=$far_port; fi
        for flow in $flows; do
            if [ "$flow" = any ]; then
                echo "$family $where"
            else
                echo "$family $where match $u32 $told_by ${flow%/*} ${flow#*/}"
            fi
        done
    done
}

# Those filters as lines for tc. The kernel asks them in the order of their prio, each of which has one protocol.
filters() { # WAY INTERFACE PARENT VERDICT: what becomes of those that are meant
    spared "$1" | while read -r family match; do
        case $family in ip) prio=3 ;; *) prio=4 ;; esac
        echo "filter add dev $2 parent $3 protocol $family prio $prio u32 $match flowid $handle:1"
    done
    meant "$1" | while read -r family match; do
        case $family in ip) prio=5 ;; *) prio=6 ;; esac
        echo "filter add dev $2 parent $3 protocol $family prio $prio u32 $match $4"
    done
}

# --- Doing it

# Runs a command whose failure is worth saying.
run() { # COMMAND...
    said=$("$@" 2>&1) && return 0
    # shellcheck disable=SC2086,SC2116 # on one line
    why="$1 failed: $(echo $said)"
    return 1
}

# The tools whose tables the agent's packets pass.
tables() {
    echo iptables
    if [ -e /proc/net/if_inet6 ] && has ip6tables; then echo ip6tables; fi
}

mark_rule() { # TABLES COMMAND
    run "$1" -w 5 -t mangle "$2" OUTPUT -m cgroup --path "$(noted mark)" -m comment --comment "simian $id" \
        -j MARK --set-xmark $bit
}

# Where iptables is a face of nftables, its first rule makes a table that stays. Here is its name if there is none yet.
missing_table() { # TABLES
    family=ip
    [ "$1" = iptables ] || family=ip6
    if has nft && "$1" -V 2>/dev/null | grep -q nf_tables && ! nft list table $family mangle >/dev/null 2>&1; then
        echo "$family mangle"
    fi
}

# That table when nothing is in it but what iptables made by itself.
as_made='chain OUTPUT {
type route hook output policy accept;
}
}'
shape() {
    sed '/^#/d; /^table /d; s/^[[:space:]]*//; s/priority [^;]*; //'
}

mark_agent() {
    for tables in $(tables); do
        note "made_$tables" "$(missing_table "$tables")"
        mark_rule "$tables" -A || return 1
    done
}

unmark_agent() {
    [ -e "$dir/mark" ] || return 0
    for tables in $(tables); do
        while mark_rule "$tables" -C; do mark_rule "$tables" -D || return 1; done
        made=$(noted "made_$tables")
        # shellcheck disable=SC2086 # two words
        if [ -n "$made" ] && has nft && [ "$(nft list table $made 2>/dev/null | shape)" = "$as_made" ]; then
            nft delete table $made 2>/dev/null
        fi
    done
    rm -f "$dir/mark"
}

# Queues of our own on an interface. Packets that no filter takes go to the second band, whatever they say of themselves.
queues() { # INTERFACE BAND
    run tc qdisc add dev "$1" root handle "$handle:" prio bands 4 \
        priomap "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2"
}

shape_exit() { # INTERFACE
    queues "$1" 1 || return 1
    {
        echo "filter add dev $1 parent $handle: protocol arp prio 1 u32 match u32 0 0 flowid $handle:1"
        [ ! -e "$dir/mark" ] || echo "filter add dev $1 parent $handle: protocol all prio 2 handle $bit fw classid $handle:1"
        filters out "$1" "$handle:" "flowid $handle:4"
    } >"$dir/batch"
    run tc -batch "$dir/batch"
}

# What comes in and is meant goes through our own interface; what is not never leaves its way.
shape_entry() { # INTERFACE
    run tc qdisc add dev "$1" handle ffff: ingress || return 1
    filters in "$1" ffff: "action mirred egress redirect dev $ifb" >"$dir/batch"
    run tc -batch "$dir/batch"
}

make_ifb() {
    # By itself the module makes two interfaces that nobody asked for.
    [ -d /sys/module/ifb ] || modprobe -q ifb numifbs=0 2>/dev/null || :
    # What waits before netem is on needs room.
    run ip link add "$ifb" txqueuelen 1000 type ifb && run ip link set "$ifb" up && queues "$ifb" 3
}

# The stage that is due: it rises from the start, and falls before the end, whenever that is by now.
stage() {
    strongest=$(echo "$stages" | sed -n '$=')
    part=$strongest
    now=$(seconds_up)
    if [ "$up_s" -gt 0 ]; then
        rising=$(((now - $(noted began)) * strongest / up_s))
        [ "$rising" -ge "$part" ] || part=$rising
    fi
    if [ "$down_s" -gt 0 ]; then
        falling=$((($(noted deadline) - now) * strongest / down_s))
        [ "$falling" -ge "$part" ] || part=$falling
    fi
    [ "$part" -ge 1 ] || part=1
    echo "$part"
}

set_netem() { # add|change STAGE
    arguments=$(echo "$stages" | sed -n "$2p")
    for device in $(noted shaped); do
        # shellcheck disable=SC2086 # several words
        run tc qdisc "$1" dev "$device" parent "$handle:4" handle "$netem:" netem $arguments || return 1
    done
}

fault_preflight() {
    need tc ip cksum
    tc -V 2>/dev/null | grep -q iproute2 || refuse "its tc is not that of iproute2: install iproute2, or iproute-tc where that is a package of its own"
    for module in sch_prio sch_netem cls_u32; do
        may_have $module || refuse "its kernel has no $module: install the kernel's extra modules (kernel-modules-extra, linux-modules-extra)"
    done
    if [ "$direction" != out ]; then
        for module in ifb sch_ingress act_mirred; do
            may_have $module || refuse "its kernel has no $module: use direction=out"
        done
        ! ip link show dev "$ifb" >/dev/null 2>&1 || refuse "there is an interface $ifb already"
    fi
    find_devices
    for device in $devices; do check_free "$device"; done
    find_resolvers
    find_agent
}

fault_apply() {
    # What the undo looks at is written down before it is made.
    note handle "$handle"
    if [ -n "$by_mark" ]; then
        note mark "$by_mark"
        if ! mark_agent; then
            failed=$why
            unmark_agent || return 1
            by_mark='' why=$failed
            [ "$is_open" = no ] || agent_is_spared || return 1
        fi
    fi
    shaped=
    if [ "$direction" != in ]; then shaped=$devices; fi
    note exits "$shaped"
    if [ "$direction" != out ]; then
        note entries "$devices"
        shaped="$shaped $ifb"
        make_ifb || return 1
        for device in $devices; do shape_entry "$device" || return 1; done
    fi
    note shaped "$shaped"
    for device in $(noted exits); do shape_exit "$device" || return 1; done
    rm -f "$dir/batch"
    note began "$(seconds_up)"
    set_netem add "$(stage)" || return 1
    note made "$(made)"
}

fault_work() {
    [ $((up_s + down_s)) -gt 0 ] || return 0
    is=0
    while :; do
        due=$(stage)
        # Who took it away is not overruled: a change makes nothing anew, and the status says it.
        [ "$due" = "$is" ] || set_netem change "$due" || :
        is=$due
        sleep 1
    done
}

# All that is ours, as the kernel shows it. What netem does is no part of it while that changes.
made() {
    for device in $(noted shaped); do
        tc qdisc show dev "$device" 2>&1 | grep -e "$handle:" -e "^qdisc netem" | sed "s/ refcnt [0-9]*//; $made_of"
        tc filter show dev "$device" 2>&1
    done
    for device in $(noted entries); do
        tc filter show dev "$device" parent ffff: 2>&1
    done
}
made_of=
[ $((up_s + down_s)) -eq 0 ] || made_of="s/^\(qdisc netem $netem: parent $handle:4\).*/\1/"

fault_check() {
    why="its queues or filters are not as they were made"
    [ "$(made)" = "$(noted made)" ] || return 1
    if [ -e "$dir/mark" ]; then
        for tables in $(tables); do
            mark_rule "$tables" -C || { why="the rule that spares the SSM agent is gone" && return 1; }
        done
    fi
    why=
}

fault_undo() {
    left=
    for device in $(noted exits); do
        [ "$(root_of "$device")" = "prio $handle:" ] || continue
        run tc qdisc del dev "$device" root handle "$handle:" || left="$left $device"
    done
    for device in $(noted entries); do
        # Its filters name our interface, or the band of our handle.
        if tc filter show dev "$device" parent ffff: 2>/dev/null | grep -q -e "flowid $handle:1" -e "$ifb"; then
            for prio in 3 4 5 6; do
                tc filter del dev "$device" parent ffff: prio $prio 2>/dev/null
            done
        fi
        # Somebody may have put filters of their own there since: then the qdisc is theirs.
        if [ -e "$dir/entries" ] && [ "$(entry_of "$device")" = ingress ] &&
            [ -z "$(tc filter show dev "$device" parent ffff: 2>/dev/null)" ]; then
            run tc qdisc del dev "$device" ingress || left="$left $device"
        fi
    done
    if [ -e "$dir/entries" ] && ip link show dev "$ifb" >/dev/null 2>&1; then
        run ip link del "$ifb" || left="$left $ifb"
    fi
    unmark_agent || left="$left iptables"
    [ -z "$left" ] || { why="it is still there:$left (${why:-})" && return 1; }
}
