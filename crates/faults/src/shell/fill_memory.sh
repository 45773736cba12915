# --- Memory ---------------------------------------------------------------------------------------------------
# One process keeps what it read. It is the first that the kernel ends when memory runs out.

mib_total() { sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo | { read -r kib && echo $((kib / 1024)); }; }
mib_available() { sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo | { read -r kib && echo $((kib / 1024)); }; }

missing_mib() {
    echo $(($(mib_available) - $(mib_total) * (100000 - share_m) / 100000))
}

fault_preflight() {
    need dd tail
    [ -n "$(mib_available)" ] || refuse "the kernel does not say how much memory is available"
    [ "$(missing_mib)" -gt 0 ] || refuse "as much of the memory is used already"
}

fault_apply() { :; }

fault_work() {
    echo 1000 >/proc/self/oom_score_adj
    mib=$(missing_mib)
    # A line that does not end: tail has to keep it.
    { dd if=/dev/zero bs=1048576 count="$mib" 2>/dev/null; note filled "$mib"; while :; do sleep 3600; done; } | tail -n 1 >/dev/null
}

fault_check() {
    # Until it is full it is on its way.
    [ -e "$dir/filled" ] || return 0
    why="memory is free again: the kernel ended what held it"
    [ "$(missing_mib)" -lt $(($(mib_total) / 10)) ]
}

fault_undo() { :; }
