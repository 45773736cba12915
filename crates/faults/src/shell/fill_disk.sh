# --- A full disk ----------------------------------------------------------------------------------------------

# How much has to be written, so that the share is used and the floor stays free.
missing_mib() {
    wanted=$(($(mib_of total) * share_m / 100000 - $(mib_of used)))
    most=$(($(mib_of free) - floor_mib))
    if [ "$wanted" -lt "$most" ]; then echo "$wanted"; else echo "$most"; fi
}

fault_preflight() {
    has_path
    need dd
    [ "$(missing_mib)" -gt 0 ] || refuse "$path is as full already, or has less than $floor_mib MiB to spare"
}

fault_apply() { :; }

fault_work() {
    mib=$(missing_mib)
    open_nameless || exit
    # Where the file system cannot set space aside, it is written.
    { has fallocate && fallocate -l "${mib}MiB" /proc/self/fd/9 2>/dev/null; } ||
        dd if=/dev/zero of=/proc/self/fd/9 bs=1048576 count="$mib" 2>/dev/null
    note filled "$mib"
    while :; do sleep 3600; done
}

fault_check() {
    # Until it is full it is on its way.
    [ -e "$dir/filled" ] || return 0
    why="somebody made room"
    [ "$(missing_mib)" -lt 16 ]
}

fault_undo() { :; }
