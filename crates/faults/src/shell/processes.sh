# --- Processes ------------------------------------------------------------------------------------------------
# Which processes are meant: by name, or by command line, as the shell matches patterns. Never the first process, the
# kernel's own, what keeps the guest reachable, and ourselves.

is_spared() { # PID NAME
    [ "$1" -gt 1 ] && [ "$1" != "$$" ] || return 0
    case $2 in
    systemd | systemd-* | init | dbus-* | sshd | amazon-ssm-agen* | ssm-agent-work* | ssm-session-w* | ssm-document-w*)
        return 0
        ;;
    esac
    # Those of this fault and of others, and what the agent runs.
    grep -qsE 'simian-fault-|amazon-ssm-agent' "/proc/$1/cgroup" && return 0
    # What a dead-man without systemd waits with is its child, and nothing but that.
    parent=$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 2)
    { command_of "$1" && command_of "${parent:-0}"; } | grep -q "$state/"
}

command_of() { # PID
    { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | sed 's/ $//'
}

# Everything that is meant: a line each, PID and the time of its start, so that a number used again is not taken for it.
meant() {
    for at in /proc/[0-9]*; do
        pid_of=${at#/proc/}
        { read -r name <"$at/comm"; } 2>/dev/null || continue
        whole=$(command_of "$pid_of")
        # The kernel's own have no command line.
        [ -n "$whole" ] || continue
        # shellcheck disable=SC2254 # they are patterns
        case $name in $by_name) ;; *) continue ;; esac
        # shellcheck disable=SC2254 # they are patterns
        case $whole in $by_command) ;; *) continue ;; esac
        is_spared "$pid_of" "$name" || echo "$pid_of $(started "$pid_of")"
    done
}

# When a process was started, in ticks since the start of the guest: field 22, and the name before it may have spaces.
started() { # PID
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

run_state() { # PID: R, S, D, T and so on
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 1
}

someone_is_meant() {
    need tr cut grep sed
    [ -n "$(meant)" ] || refuse "no process is of that name and command line, but for those that are spared"
}
