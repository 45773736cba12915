# --- The dead-man ---------------------------------------------------------------------------------------------
# A unit of its own holds the fault. It watches a deadline in seconds since the start of the guest, and undoes the
# fault when that has passed, or when anything ends it. Nothing that happens to whoever sent the script reaches it.

unit=simian-fault-$id

# What a family may define for itself: properties of the unit, as systemd-run takes them, and what works at the fault
# for as long as it lasts.
fault_properties() { :; }
fault_work() { :; }

# Which dead-man this guest can have.
holder() {
    if [ -d /run/systemd/system ] && has systemd-run; then
        version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
        # --collect came with 236, and with it everything else that is used here.
        if is_number "$version" && [ "$version" -ge 236 ]; then
            echo systemd
            return
        fi
    fi
    has setsid || return 1
    echo setsid
}

arm() {
    note holder "$(holder)"
    case $(noted holder) in
    systemd)
        # The cap holds even if the deadline's file is lost, and the undo follows however the unit ends.
        # shellcheck disable=SC2046 # the family's own properties are several words
        systemd-run --quiet --collect --unit="$unit" --description="a fault by simian, which ends by itself" \
            --property=RuntimeMaxSec="$((cap_s + 5))" --property=TimeoutStopSec=30 --property=OOMScoreAdjust=-900 \
            --property=ExecStopPost="/bin/sh $dir/fault end" $(fault_properties) \
            /bin/sh "$dir/fault" hold
        ;;
    *)
        setsid sh "$dir/fault" hold </dev/null >/dev/null 2>&1 &
        ;;
    esac
    # It is armed when it says so.
    tries=0
    while [ ! -e "$dir/armed" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        sleep 0.1
    done
}

# What the holder does. What works at the fault is its child, and in its process group.
hold() {
    trap 'exit 0' TERM INT HUP
    note pid "$$"
    note armed yes
    while [ ! -e "$dir/go" ] && ! is_over; do sleep 0.1; done
    if [ -e "$dir/go" ]; then
        fault_work &
    fi
    while ! is_over; do
        # A deadline only moves later, so nobody need look before it has passed.
        sleep $(($(noted deadline) - $(seconds_up))) &
        wait $!
    done
    # systemd ends what is left and calls the undo; without it, we do.
    if [ "$(noted holder)" != systemd ]; then
        trap '' TERM
        kill -TERM 0
        end
    fi
}

# The deadline has passed, or nobody knows it any more.
is_over() {
    end=$(noted deadline) && is_number "$end" || return 0
    [ "$(seconds_up)" -ge "$end" ]
}

# Ends the holder, and with it what works at the fault.
disarm() {
    case $(noted holder) in
    systemd) systemctl stop "$unit.service" 2>/dev/null ;;
    setsid)
        pid=$(noted pid)
        if is_number "$pid" && grep -qs "$dir/fault" "/proc/$pid/cmdline"; then
            kill -KILL -- "-$pid" 2>/dev/null
        fi
        ;;
    esac
    return 0
}

# The undo itself, once more if need be. It acts on nothing but what this fault marked as its own.
end() {
    [ -d "$dir" ] || return 0
    fault_undo || { sleep 1 && fault_undo; } || return 1
    rm -rf "$dir"
    rmdir "$state" 2>/dev/null || :
}

# The holder is alive.
is_held() {
    case $(noted holder) in
    systemd) systemctl is-active --quiet "$unit.service" ;;
    *)
        pid=$(noted pid)
        is_number "$pid" && grep -qs "$dir/fault" "/proc/$pid/cmdline"
        ;;
    esac
}
