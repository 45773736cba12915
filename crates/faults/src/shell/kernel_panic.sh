# --- A panic --------------------------------------------------------------------------------------------------

fault_preflight() {
    [ -w /proc/sysrq-trigger ] || refuse "the kernel has no /proc/sysrq-trigger that can be written"
}

fault_apply() { :; }

# Late enough for the answer to be heard.
fault_work() {
    sleep "$after_s"
    echo "$reboot_s" >/proc/sys/kernel/panic
    echo c >/proc/sysrq-trigger
}

fault_check() { is_held; }

# Before it has come, ending its holder is all; after that there is nothing to undo.
fault_undo() { :; }
