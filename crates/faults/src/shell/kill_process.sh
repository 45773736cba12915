
fault_preflight() { someone_is_meant; }

fault_apply() { :; }

fault_work() {
    hit=0
    while :; do
        for one in $(meant | cut -d ' ' -f 1); do
            kill -s "$signal" "$one" 2>/dev/null && hit=$((hit + 1))
        done
        note hit "$hit"
        sleep "$every_s"
    done
}

fault_check() {
    why="it has not begun"
    [ -e "$dir/hit" ] && is_held
}

# What was ended stays ended: whoever looks after it starts it again.
fault_undo() { :; }
