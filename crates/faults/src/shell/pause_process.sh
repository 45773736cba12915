
fault_preflight() { someone_is_meant; }

fault_apply() {
    meant | while read -r one since; do
        # Whom somebody else stopped is not ours to wake.
        [ "$(run_state "$one")" != T ] || continue
        echo "$one $since" >>"$dir/stopped"
        kill -s STOP "$one" 2>/dev/null
    done
    why="nobody was there to be stopped any more"
    [ -s "$dir/stopped" ]
}

fault_check() {
    while read -r one since; do
        [ "$(started "$one")" = "$since" ] || continue
        why="somebody woke $one"
        [ "$(run_state "$one")" = T ] || return 1
    done <"$dir/stopped"
}

fault_undo() {
    [ -e "$dir/stopped" ] || return 0
    while read -r one since; do
        [ "$(started "$one")" = "$since" ] || continue
        kill -s CONT "$one" 2>/dev/null
    done <"$dir/stopped"
}
