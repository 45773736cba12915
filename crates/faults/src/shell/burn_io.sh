# --- Input and output -----------------------------------------------------------------------------------------
# Writes that are on the disk before the next begins, over and over at the same place.

fault_preflight() {
    has_path
    need dd
    free=$(mib_of free)
    [ "$free" -gt $((rate_mib + floor_mib)) ] ||
        refuse "$path has $free MiB left: $rate_mib MiB are written over and over, and $floor_mib MiB must stay free"
}

fault_apply() { :; }

fault_work() {
    open_nameless || exit
    while :; do
        began=$(seconds_up)
        dd if=/dev/zero of=/proc/self/fd/9 bs=1048576 count="$rate_mib" conv=fsync 2>/dev/null
        # No faster than asked: so much a second.
        [ "$(seconds_up)" -gt "$began" ] || sleep 1
    done
}

fault_check() { is_held; }

fault_undo() { :; }
