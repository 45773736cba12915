# --- Disk -----------------------------------------------------------------------------------------------------
# What is written goes into a file without a name: whatever becomes of whoever holds it open, its space comes back.

mib_of() { # TOTAL | USED | FREE of the path's file system: field 2, 3 or 4 of df
    df -Pk "$path" | sed -n '2p' | {
        read -r _ total used free _
        case $1 in
        total) echo $((total / 1024)) ;;
        used) echo $((used / 1024)) ;;
        free) echo $((free / 1024)) ;;
        esac
    }
}

has_path() {
    [ -d "$path" ] && [ -w "$path" ] || refuse "$path is no folder that can be written"
    need df
}

# Opens descriptor 9 on a file in the path that has no name any more.
open_nameless() {
    nameless=$path/.simian-fault-$id
    exec 9>"$nameless" && rm -f "$nameless"
}
