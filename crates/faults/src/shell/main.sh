# --- The verbs ------------------------------------------------------------------------------------------------

preflight() {
    [ "$(id -u)" = 0 ] || refuse "it takes root"
    [ -r /proc/uptime ] || refuse "there is no /proc"
    need sh sleep cat mv rm mkdir sed grep
    [ -d "$state" ] || [ -w "${state%/*}" ] || refuse "$state cannot be made"
    holder >/dev/null || refuse "nothing here can end the fault by itself: neither systemd 236 nor setsid"
    fault_preflight
}

apply() {
    if [ -e "$dir/applied" ]; then
        status
        return
    fi
    preflight
    mkdir -p "$state" || refuse "$state cannot be made"
    # Of two that come at once one makes it.
    mkdir "$dir" 2>/dev/null || refuse "$dir is there already: another apply goes on, or one was cut off"
    cat "$0" >"$dir/fault" || refuse "$dir cannot be written"
    # Its time begins when it is there. Who ends a fault that is still being made would leave the rest of it.
    note deadline $(($(seconds_up) + for_s + 60))
    note cap $(($(seconds_up) + cap_s))
    if ! arm; then
        disarm
        rm -rf "$dir"
        refuse "its dead-man did not start"
    fi
    if fault_apply && begin && note go yes && takes; then
        note applied yes
        status
    else
        why=${why:-"it did not take"}
        disarm
        end || why="$why; and what was done of it could not be undone"
        answer failed "$why"
        exit 1
    fi
}

# From now on it lasts for as long as it was asked to, and never past its cap.
begin() {
    new=$(($(seconds_up) + for_s))
    [ "$new" -le "$(noted cap)" ] || new=$(noted cap)
    note deadline "$new"
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

status() {
    if [ ! -d "$dir" ]; then
        answer absent
    elif [ ! -e "$dir/applied" ]; then
        answer beginning
    elif ! is_held; then
        answer damaged "nothing holds it any more: undo it"
        exit 12
    elif fault_check; then
        answer applied "$(($(noted deadline) - $(seconds_up))) seconds left"
    else
        answer damaged "${why:-somebody undid a part of it}"
        exit 12
    fi
}

renew() {
    [ -e "$dir/applied" ] || { answer absent && exit 13; }
    new=$(($(seconds_up) + for_s))
    [ "$new" -le "$(noted cap)" ] || new=$(noted cap)
    [ "$new" -le "$(noted deadline)" ] || note deadline "$new"
    status
}

undo() {
    if [ -d "$dir" ]; then
        disarm
        # systemd has done it already, if it is there.
        end || { answer failed "${why:-it could not be undone}" && exit 1; }
    fi
    answer absent
}
