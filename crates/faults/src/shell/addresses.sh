# --- Addresses ------------------------------------------------------------------------------------------------
# An address is compared as its digits: 8 hexadecimal ones for IPv4, 32 for IPv6.

digits() { # ADDRESS
    case $1 in
    *:*.*) return 1 ;;
    *:*)
        head=$1 tail=
        case $1 in *::*) head=${1%%::*} tail=${1#*::} ;; esac
        head=$(hextets "$head") tail=$(hextets "$tail")
        printf '%s%.*s%s\n' "$head" "$((32 - ${#head} - ${#tail}))" 00000000000000000000000000000000 "$tail"
        ;;
    *) (
        IFS=.
        # shellcheck disable=SC2086 # the four numbers are four words
        printf '%02x%02x%02x%02x\n' $1
    ) ;;
    esac
}

hextets() { # PART of an IPv6 address, without ::
    (
        IFS=:
        for hextet in $1; do printf '%04x' "0x$hextet"; done
    )
}

# Whether a network, as in 10.0.0.0/8, has an address in it. One address is a network too.
has_in_it() { # NETWORK ADDRESS
    network=$(digits "${1%/*}") && address=$(digits "$2") || return 1
    [ "${#network}" = "${#address}" ] || return 1
    bits=$((${#network} * 4))
    case $1 in */*) bits=${1#*/} ;; esac
    whole=$((bits / 4)) rest=$((bits % 4))
    [ "$(printf '%.*s' "$whole" "$network")" = "$(printf '%.*s' "$whole" "$address")" ] || return 1
    [ "$rest" -gt 0 ] || return 0
    network=$(printf '%s' "$network" | cut -c "$((whole + 1))")
    address=$(printf '%s' "$address" | cut -c "$((whole + 1))")
    [ "$((0x$network >> (4 - rest)))" = "$((0x$address >> (4 - rest)))" ]
}

family() { # ADDRESS or NETWORK
    case $1 in *:*) echo 6 ;; *) echo 4 ;; esac
}

# The addresses of a host, of both families, as this guest resolves it: its own files, search domains and private zones.
addresses() { # HOST
    # Addresses within a link, and of IPv4 written as IPv6, are met in no packet that is looked for here.
    getent ahosts "$1" 2>/dev/null | sed -e 's/[[:space:]].*//' -e '/%/d' -e '/:.*\./d' | sort -u
}

# Everything that this guest asks for names, the resolvers behind a local one included.
name_servers() {
    cat /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null |
        sed -n 's/^nameserver[[:space:]][[:space:]]*\([0-9a-fA-F.:]*\)[[:space:]]*$/\1/p' | sort -u
}

# The SSM agent runs here. Its command's name in /proc has at most fifteen characters.
agent_runs() {
    cat /proc/[0-9]*/comm 2>/dev/null | grep -qx -e amazon-ssm-agen -e ssm-agent-worke
}

# Where the SSM agent is connected to now, and where it would be: nothing else says what keeps it reachable.
agent_peers() {
    if has ss; then
        ss -tnp state established 2>/dev/null | grep -e amazon-ssm-agen -e ssm-agent-worke |
            sed 's/^ *[0-9]* *[0-9]* *[^ ]* *\[*\([0-9a-fA-F:.]*\)\]*:[0-9]* .*/\1/'
    fi
    for host in $agent_hosts; do addresses "$host"; done
}
