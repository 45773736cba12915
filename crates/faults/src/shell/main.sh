# --- The verbs ------------------------------------------------------------------------------------------------

# What every fault needs. Changes nothing.
look() {
    [ "$(id -u)" = 0 ] || refuse "it takes root"
    [ -r /proc/uptime ] || refuse "there is no /proc"
    need sh sleep cat mv rm mkdir rmdir sed grep tr
    [ -d /run ] && [ -w /run ] || refuse "/run cannot be written"
    # The dead-man gets a copy.
    grep -qsx "id='$id'" "$0" || refuse "$0 is not this script: write it into a file, and run that"
    holder >/dev/null || refuse "nothing here can end the fault by itself: neither systemd 236 nor setsid"
}

preflight() {
    look
    fault_preflight
}

# The fault itself is done by the dead-man: whatever becomes of this shell, it is done as a whole or not at all.
apply() {
    is_maker=
    if [ ! -d "$dir" ]; then
        look
        if make_folder; then
            is_maker=yes
            # Where the folder is gone, somebody undid it meanwhile.
            if ! { write_down && arm; } && [ -d "$dir" ]; then
                disarm
                end 3
                refuse "its dead-man did not start"
            fi
        fi
    fi
    await
}

# Of two that come at once one makes it.
make_folder() {
    tries=0
    until mkdir -p "$state" && mkdir "$dir" 2>/dev/null; do
        [ ! -d "$dir" ] || return 1
        # The end of another fault may have taken the folder above away meanwhile.
        tries=$((tries + 1))
        [ "$tries" -lt 20 ] || refuse "$dir cannot be made"
    done
}

write_down() {
    # All of it: to its last line, behind which whoever wrote the file may have put an empty one, as the SSM agent does.
    cat "$0" >"$dir/fault" && [ "$(sed -n '/./h; ${ g; p; }' "$dir/fault")" = "esac" ] || return 1
    up=$(seconds_up)
    # Its time begins when it is there, and until then it has a minute more.
    note cap $((up + cap_s)) && note deadline "$(within_cap $((up + 60 + for_s)))" && note holder "$(holder)"
}

# Says what became of an apply: this one, or another that goes on.
await() {
    waits=0
    while [ -d "$dir" ]; do
        if [ -e "$dir/applied" ]; then
            status
            return
        elif [ -e "$dir/outcome" ]; then
            give_back
        elif [ $((waits % 20)) = 19 ] && [ -e "$dir/armed" ] || [ "$waits" -ge 300 ]; then
            is_held || [ ! -d "$dir" ] || cut_off
        fi
        waits=$((waits + 1))
        sleep 0.1
    done
    answer failed "it was ended before it was there"
    exit 1
}

# It did not take. What was done of it is undone at once.
give_back() {
    word=$(noted outcome) why=$(noted why)
    if [ -n "$is_maker" ]; then
        # What its tools said.
        cat "$dir/said" 2>/dev/null
        failed=$why
        disarm
        end 3 || { word=failed && failed="$failed; and what was done of it could not be undone: ${why:-}"; }
        why=$failed
    fi
    answer "${word:-failed}" "${why:-it did not take}"
    [ "$word" != refused ] || exit 10
    exit 1
}

cut_off() {
    answer damaged "nothing holds it any more: undo it"
    exit 12
}

status() {
    if [ ! -d "$dir" ]; then
        answer absent
    elif ! is_held; then
        # It may be at its end just now.
        tries=0
        while [ -d "$dir" ]; do
            tries=$((tries + 1))
            [ "$tries" -lt 30 ] || cut_off
            sleep 0.1
        done
        answer absent
    elif [ ! -e "$dir/applied" ]; then
        answer beginning
    elif fault_check; then
        left=$(($(noted deadline) - $(seconds_up)))
        [ "$left" -ge 0 ] || left=0
        answer applied "$left seconds left"
    elif [ ! -d "$dir" ]; then
        answer absent
    else
        answer damaged "${why:-somebody undid a part of it}"
        exit 12
    fi
}

renew() {
    [ -e "$dir/applied" ] && is_held && ! is_over || { answer absent && exit 13; }
    new=$(within_cap $(($(seconds_up) + for_s)))
    [ "$new" -le "$(noted deadline)" ] || note deadline "$new" || { answer absent && exit 13; }
    status
}

undo() {
    if [ -d "$dir" ]; then
        disarm
        # systemd has done it already, if it is there.
        end 3 || { answer failed "${why:-it could not be undone}" && exit 1; }
    elif [ "$(holder)" = systemd ]; then
        # Somebody removed what it wrote down.
        systemctl stop "$unit.service" 2>/dev/null
    fi
    answer absent
}
