# --- The dead-man ---------------------------------------------------------------------------------------------
# A unit of its own holds the fault. Its *holder* watches a deadline in seconds since the start of the guest; a *worker*
# beside it does the fault. At the deadline, and whenever anything ends the holder, everything in the unit is killed and
# then the fault is undone: in this order, so that nothing that was held up does it once more behind the undo. Nothing
# that happens to whoever sent the script reaches them.
#
# Without systemd they are two sessions, and a third, the *guard*, ends the fault if the holder dies or hangs.

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
    case $(noted holder) in
    systemd)
        # The cap holds even if the holder hangs, and the undo follows however the unit ends. What does not heed SIGTERM
        # must not put that off.
        # shellcheck disable=SC2046 # the family's own properties are several words
        systemd-run --quiet --collect --unit="$unit" --description="a fault by simian, which ends by itself" \
            --property=RuntimeMaxSec="$((cap_s + 5))" --property=KillSignal=SIGKILL --property=TimeoutStopSec=90 \
            --property=OOMScoreAdjust=-900 --property=ExecStopPost="/bin/sh $dir/fault end" $(fault_properties) \
            /bin/sh "$dir/fault" hold || return 1
        ;;
    setsid) begin hold ;;
    *) return 1 ;;
    esac
    # It is armed when it says so.
    tries=0
    while [ ! -e "$dir/armed" ]; do
        tries=$((tries + 1))
        [ -d "$dir" ] && [ "$tries" -lt 300 ] || return 1
        sleep 0.1
    done
}

# Starts a part of it in a session of its own, which keeps nothing open of ours.
begin() { # VERB
    setsid sh "$dir/fault" "$1" </dev/null >/dev/null 2>&1 &
}

# What the worker starts is known by this in its environment, wherever it goes and whoever its parent is by then.
works_for="simian_works_for=$dir/fault"

# Nothing that ends the agent's unit, and no lack of memory, is to end what ends the fault.
stand_aside() {
    { echo -900 >/proc/$$/oom_score_adj; } 2>/dev/null
    for group in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
        { [ ! -e "$group/cgroup.procs" ] || echo $$ >"$group/cgroup.procs"; } 2>/dev/null
    done
}

hold() {
    latest=$(($(seconds_up) + cap_s)) told=
    trap 'told=yes' TERM INT HUP
    kind=$(noted holder)
    [ "$kind" = systemd ] || stand_aside
    # Where somebody undid it meanwhile, there is nowhere to write.
    note pid "$$" && note armed yes || exit 1
    if [ "$kind" = systemd ]; then
        sh "$dir/fault" work &
        worker=$!
    else
        begin guard
        (export "${works_for?}" && begin work)
    fi
    until [ -n "$told" ] || is_over; do
        # In short steps: one sleep does not count the time in which the guest itself was asleep.
        sleep "$step" &
        wait $!
    done
    # systemd ends what is left and calls the undo; without it, we do.
    if [ "$kind" = setsid ]; then
        trap '' TERM INT HUP
        kill $! 2>/dev/null
        end_work
        guarded=$(noted guard)
        end 60
        end_session "$guarded"
    elif [ ! -e "$dir/fault" ]; then
        # Somebody removed what the undo is read from.
        kill -KILL "$worker" 2>/dev/null
        fault_undo
    fi
}

within_cap() { # DEADLINE
    most=$(noted cap)
    if [ "$1" -le "$most" ]; then echo "$1"; else echo "$most"; fi
}

# The deadline has passed, or nobody knows it any more. Else sets `step`, the seconds until it, and at most two. Starts no
# process: the holder may have little of the processor.
is_over() {
    { read -r end <"$dir/deadline"; } 2>/dev/null && is_number "$end" || return 0
    read -r up _ </proc/uptime
    step=$((end - ${up%%.*}))
    [ "$step" -gt 0 ] && [ "${up%%.*}" -lt "${latest:-$end}" ] || return 0
    [ "$step" -le 2 ] || step=2
    return 1
}

guard() {
    trap '' TERM INT HUP
    stand_aside
    note guard "$$" || exit 1
    while [ -d "$dir" ]; do
        end=$(noted deadline)
        if ! is_held || ! is_number "$end" || [ "$(seconds_up)" -ge $((end + 10)) ]; then
            end_session "$(noted pid)"
            end_work
            end 60
            exit
        fi
        sleep 1
    done
}

work() {
    { echo 0 >/proc/$$/oom_score_adj; } 2>/dev/null
    # Whoever undoes it takes this turn away first, and then ends who has it.
    mkdir "$dir/begun" 2>/dev/null || exit 1
    exec </dev/null >"$dir/said" 2>&1
    refuse() { give_up refused "$1"; }
    # Where its result is used, and in the mounts and the network in which the undo will be.
    fault_preflight
    fault_apply || give_up failed "${why:-it did not take}"
    exec >/dev/null 2>&1
    fault_work &
    takes || give_up failed "${why:-it did not take}"
    # From now on it lasts for as long as it was asked to.
    note deadline "$(within_cap $(($(seconds_up) + for_s)))"
    note applied yes
    wait
}

# It is there within five seconds.
takes() {
    tries=0
    until fault_check; do
        tries=$((tries + 1))
        [ "$tries" -lt 50 ] || return 1
        sleep 0.1
    done
}

# Whoever sent it ends it when he reads this; if nobody does, it ends by itself.
give_up() { # WORD WHY
    note why "$2"
    note deadline $(($(seconds_up) + 3))
    note outcome "$1"
    exit
}

# Ends the holder, the worker, and all that they started.
disarm() {
    # If none has begun, none will.
    mkdir "$dir/begun" 2>/dev/null
    case $(noted holder) in
    systemd) systemctl stop "$unit.service" 2>/dev/null ;;
    setsid)
        end_session "$(noted pid)"
        end_session "$(noted guard)"
        end_work
        ;;
    esac
    return 0
}

# Ends the holder or the guard, and what it waits with. (Not every shell's kill takes `--` before a group.)
end_session() { # PID of its first process
    ! runs "$1" || kill -KILL "-$1" 2>/dev/null
}

# Ends what works at the fault, and waits until it is gone: what was in the kernel comes to its end first.
end_work() {
    tries=0
    while at_work=$(grep -ls "$works_for" /proc/[0-9]*/environ | sed 's/[^0-9]//g') && [ -n "$at_work" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 50 ] || break
        # shellcheck disable=SC2086 # several words
        kill -KILL $at_work 2>/dev/null
        sleep 0.1
    done
}

# A process is one of ours, and not another with its number.
runs() { # PID
    is_number "$1" && { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -q "$dir/fault"
}

# The undo itself, and again if need be. It acts on nothing but what this fault marked as its own.
end() { # TRIES, a second apart
    tries=1
    while [ -d "$dir" ] && ! fault_undo; do
        tries=$((tries + 1))
        [ "$tries" -le "$1" ] || return 1
        sleep 1
    done
    # In one step: half of what it wrote down would be of no use.
    mv "$dir" "$state/.$id.$$" 2>/dev/null || [ ! -d "$dir" ] || return 1
    rm -rf "$state/.$id."*
    rmdir "$state" 2>/dev/null || :
}

# The holder is alive.
is_held() {
    case $(noted holder) in
    systemd) systemctl is-active --quiet "$unit.service" ;;
    *) runs "$(noted pid)" ;;
    esac
}
