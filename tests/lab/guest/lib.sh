# The words of a case: `. ./lib.sh` is its first line. Plain sh. A case goes on after a failed check, and fails at its end.

lab_failed=0
# shellcheck disable=SC2154 # the trap sets it
trap 'lab_code=$?; [ "$lab_code" != 0 ] || lab_code=$lab_failed; exit "$lab_code"' EXIT

say() { # TEXT...: a line in the log, with the time since the guest was started
    echo "$(uptime_s) $*"
}

uptime_s() {
    read -r lab_up _ </proc/uptime
    echo "$lab_up"
}

now_ms() { # the same in milliseconds, in steps of ten
    read -r lab_up _ </proc/uptime
    echo "${lab_up%.*}${lab_up#*.}0"
}

check() { # WHAT COMMAND...: it must succeed
    lab_what=$1
    shift
    if lab_said=$("$@" 2>&1); then
        say "ok    $lab_what"
    else
        say "FAIL  $lab_what: $*"
        [ -z "$lab_said" ] || echo "$lab_said" | sed 's/^/      /'
        lab_failed=1
    fi
}

check_not() { # WHAT COMMAND...: it must fail
    lab_what=$1
    shift
    check "$lab_what" is_false "$@"
}

is_false() { # COMMAND...
    if "$@"; then return 1; fi
}

within() { # SECONDS COMMAND...: it succeeds before they have passed
    lab_until=$(($(now_ms) + $1 * 1000))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt "$lab_until" ] || return 1
        sleep 0.1
    done
}

skip() { # WHY: this guest cannot play the case
    echo "skip: $*"
    exit 77
}

answer_of() { # FILE VERB: its answer, as `WORD` or `WORD: WHY`; what else it said goes to lab.said
    sh "$1" "$2" >lab.said 2>&1
    lab_status=$?
    sed -n 's/^simian-fault: //p' lab.said | tail -n 1
    return $lab_status
}

says() { # WORD FILE VERB: it must answer that
    lab_answer=$(answer_of "$2" "$3")
    lab_status=$?
    case $lab_answer in
    "$1" | "$1: "*) say "ok    $2 $3: $lab_answer" ;;
    *)
        say "FAIL  $2 $3: it should say $1, and says ${lab_answer:-nothing} ($lab_status)"
        sed 's/^/      /' lab.said
        lab_failed=1
        ;;
    esac
}

has_ended() { # FILE: its fault is gone
    [ "$(answer_of "$1" status)" = absent ]
}

seconds_left() { # FILE: as its status says
    answer_of "$1" status | sed -n 's/^applied: \([0-9]*\) seconds left$/\1/p'
}

# --- What the guest is like -----------------------------------------------------------------------------------

snapshot() { # NAME: writes down all that a fault could leave behind
    mkdir -p "/tmp/lab.$1"
    lab_snapshot "/tmp/lab.$1"
}

same_state() { # NAME NAME: nothing differs between two snapshots
    diff -ru "/tmp/lab.$1" "/tmp/lab.$2"
}

lab_snapshot() { # FOLDER
    {
        ip -details link
        ip address | grep -v valid_lft
        for family in -4 -6; do
            ip $family rule
            ip $family route show table all
        done
    } 2>/dev/null >"$1/ip"
    {
        tc qdisc show
        tc -6 qdisc show
        for device in /sys/class/net/*; do
            device=${device##*/}
            for parent in root ingress egress; do
                echo "$device $parent"
                tc filter show dev "$device" $parent
            done
            tc class show dev "$device"
        done
    } 2>/dev/null >"$1/tc"
    # Tables that hold nothing come with the first look at them, and stay.
    for tool in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
        echo "$tool"
        $tool-save 2>/dev/null | awk '/^\*/ { table = $1 } /^-/ || /^:/ && $2 != "ACCEPT" { print table, $0 }' |
            sed 's/\[[0-9:]*\]//'
    done >"$1/iptables"
    nft --stateless list ruleset 2>/dev/null | grep -v '^#' >"$1/nft"
    find /etc -printf '%y %m %u %g %p %l\n' | sort -k5 >"$1/etc"
    find /etc -type f -print0 | sort -z | xargs -0 sha256sum >>"$1/etc"
    cut -d' ' -f4- /proc/self/mountinfo | sed 's/ \(shared\|master\|propagate_from\):[0-9]*//g' | sort >"$1/mounts"
    find /run /tmp /var/tmp /dev/shm -printf '%M %p\n' 2>/dev/null |
        grep -v -e '/run/systemd/journal' -e '/run/log/' -e '/run/systemd/units/' -e '/run/systemd/transient' \
            -e ' /tmp/lab\.' -e '/run/xtables.lock' -e ' /run$' -e ' /tmp$' | sort -k2 >"$1/files"
    grep -rsH . /proc/sys/net/core /proc/sys/net/ipv4 /proc/sys/net/ipv6 2>/dev/null |
        grep -v -e random -e fastopen_key -e _count: | sort >"$1/sysctl"
    # A unit that has ended is forgotten by systemd when it gets to it; one that failed or goes on is seen here.
    if [ -d /run/systemd/system ]; then
        systemctl list-units --all --plain --no-legend --no-pager | awk '{ print $1, $2, $3, $4 }' |
            grep -v -e '^run-credentials-' -e '^simian-fault-.* inactive dead$' | sort >"$1/units"
        systemctl list-unit-files --no-legend --no-pager | grep -v '^simian-fault-' | sort >"$1/unit-files"
        systemctl list-timers --all --no-legend --no-pager | awk '{ print $NF }' | sort >>"$1/units"
    fi
    # Neither the kernel's threads nor this case and what it started. What a fault starts is nobody's child.
    ps -e -o pid= -o ppid= -o user= -o args= | awk -v me=$$ '
        { parent[$1] = $2; pid = $1; $1 = ""; $2 = ""; line[pid] = $0 }
        END {
            for (pid in line) {
                p = pid + 0
                while (p > 2 && p != me) p = parent[p]
                if (p != me && p != 2) print line[pid]
            }
        }' | sort >"$1/processes"
}
