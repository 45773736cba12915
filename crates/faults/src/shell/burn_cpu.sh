# --- CPU ------------------------------------------------------------------------------------------------------
# One loop a processor, all of them together held to the share by their unit. They are the holder's children: when it
# ends, so do they.

fault_properties() {
    echo "--property=CPUQuota=$((share_m * $(nproc) / 1000))%"
}

fault_preflight() {
    [ "$(holder)" = systemd ] || refuse "without systemd nothing holds the load to its share"
    need nproc yes
}

fault_apply() { :; }

fault_work() {
    n=0
    while [ "$n" -lt "$(nproc)" ]; do
        yes >/dev/null &
        n=$((n + 1))
    done
    wait
}

fault_check() { is_held; }

fault_undo() { :; }
