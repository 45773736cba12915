# --- Name resolution ------------------------------------------------------------------------------------------
# For everything: questions are refused where they leave a process, or the answers vanish. For domains: a file that is
# mounted over /etc/hosts leads them nowhere, and /etc/hosts itself is not written.

case $how in drop) chains=in ;; *) chains=out ;; esac

# What goes over the loopback interface is hit too: there the local resolver is. Where nothing is to be said, it is the
# answers that are dropped: a question that is dropped on its way out fails at once.
the_filter() {
    for port in 53 853; do
        case $how in
        drop) hit in - - - "<$port" ;;
        *) hit out - - - "$port" ;;
        esac
    done
}

# Nothing connects to this address, and nothing is sent: connecting to 0.0.0.0 and :: would reach this guest itself.
nowhere=255.255.255.255

# Ours is the mount whose root is our file.
is_mounted() {
    grep -q "^[^ ]* [^ ]* [^ ]* [^ ]*/simian/$id/hosts[^ ]* /etc/hosts " /proc/self/mountinfo
}

# What is seen at /etc/hosts is ours, with nothing mounted over it.
is_seen() {
    [ "$(stat -c %d:%i /etc/hosts)" = "$(stat -c %d:%i "$dir/hosts")" ]
}

hosts_preflight() {
    need mount umount grep sed tr stat chmod
    [ "$(stat -L -c %i /proc/self/ns/mnt)" = "$(stat -L -c %i /proc/1/ns/mnt)" ] ||
        refuse "this shell has mounts of its own, and nobody else would see the one over /etc/hosts"
    if [ ! -f /etc/hosts ] || [ -L /etc/hosts ]; then
        refuse "/etc/hosts is no file that another can be mounted over"
    fi
    ! grep -q '^[^ ]* [^ ]* [^ ]* [^ ]* /etc/hosts ' /proc/self/mountinfo ||
        refuse "something is mounted over /etc/hosts already"
    sources=$(sed -n 's/^[[:space:]]*hosts:[[:space:]]*//p' /etc/nsswitch.conf 2>/dev/null | tr '\t' ' ')
    case "$sources " in
    "files "*) ;;
    *) refuse "/etc/nsswitch.conf does not look for hosts in files first, but in: ${sources:-nothing}" ;;
    esac
    for domain in $domains; do
        ! sed 's/#.*//' /etc/hosts | tr -s '[:space:]' '\n' | grep -Fixq "$domain" ||
            refuse "/etc/hosts says already where $domain is"
    done
}

hosts_apply() {
    {
        for domain in $domains; do
            echo "$nowhere $domain"
            # Else who asks for IPv6 alone goes on to ask the name servers.
            echo "::ffff:$nowhere $domain"
        done
        cat /etc/hosts
    } >"$dir/hosts" && chmod 644 "$dir/hosts" || return 1
    if has chcon; then chcon --reference=/etc/hosts "$dir/hosts" 2>/dev/null || :; fi
    note mounts yes
    # Read-only: what somebody writes to it now would be lost at the end, and so they are told.
    # Without -n it would make a folder of its own in /run.
    mount -n --bind "$dir/hosts" /etc/hosts && mount -n -o remount,bind,ro /etc/hosts
}

hosts_undo() {
    [ -n "$(noted mounts)" ] || return 0
    while is_mounted; do
        is_seen || {
            why="somebody mounted something over /etc/hosts after us: unmount that first"
            return 1
        }
        # Who reads the file just now keeps it a moment longer.
        umount -n /etc/hosts 2>/dev/null || umount -n -l /etc/hosts || return 1
    done
}

fault_preflight() {
    if [ -n "$domains" ]; then hosts_preflight; else firewall_preflight; fi
}

fault_apply() {
    if [ -n "$domains" ]; then
        why="nothing can be mounted over /etc/hosts here"
        hosts_apply || return 1
    else
        why="the kernel does not take its filter"
        firewall_apply || return 1
    fi
    why=
}

fault_work() {
    while [ -z "$domains" ] && sleep 2; do spare_agent_anew; done
}

fault_check() {
    if [ -n "$domains" ]; then
        why="its file over /etc/hosts is gone"
        is_mounted && is_seen
    else
        firewall_check
    fi
}

fault_undo() {
    hosts_undo && firewall_undo
}
