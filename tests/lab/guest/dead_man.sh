# What every dead-man must do, whatever holds it. The fault is one that is seen from outside and leaves nothing: a process
# of ours is stopped. `./short` lasts 3 seconds, `./capped` 4 and at most 7, and `./long` a minute.

cp /bin/sleep /tmp/victim
/tmp/victim 10000 &
victim=$!

is_hit() { grep -q '^State:.*T' "/proc/$victim/status"; }
is_free() { grep -q '^State:.*[SR]' "/proc/$victim/status"; }
is_gone() { [ ! -e "/run/simian/$1" ] && [ -z "$(ls -A /run/simian 2>/dev/null)" ]; }
# Neither active nor failed. systemd forgets what is neither when it gets to it.
unit_is_gone() { ! systemctl list-units --plain --no-legend | grep -q simian-fault; }
is_there() { [ -e "$1" ]; }
reaches() { # FILE: waits for it, and sees it at once
    lab_turns=0
    until [ -e "$1" ]; do
        lab_turns=$((lab_turns + 1))
        [ "$lab_turns" -lt 10000000 ] || { check "$1 comes" false && return; }
    done
}
noted() { cat "/run/simian/$1/$2"; } # ID NAME
worker_of() { pgrep -o -f "/run/simian/$1/fault work"; } # ID

it_has_ended() { # WHAT ID SECONDS: its effect and its folder are gone by then
    check "$1: nothing of it is left" within "$3" is_gone "$2"
    check "$1: it is undone" is_free
    [ ! -d /run/systemd/system ] || check "$1: its unit is gone" within 10 unit_is_gone
}

looking_changes_nothing() {
    snapshot before
    says ready ./long preflight
    says absent ./long status
    says absent ./long renew
    says absent ./long undo
    snapshot after
    check "preflight, status, renew and undo of nothing change nothing" same_state before after
}

it_is_done_and_undone() {
    # This waits for the end of its output, as the agent does.
    began=$(now_ms)
    check "its output ends" timeout 60 sh -c 'test -n "$(sh ./long apply 2>&1)"'
    say "apply took $(($(now_ms) - began)) ms"
    check "it is there" is_hit
    pid=$(noted long pid)
    says applied ./long apply
    check "a second apply changes nothing" [ "$(noted long pid)" = "$pid" ]
    says applied ./long status
    began=$(now_ms)
    says absent ./long undo
    say "undo took $(($(now_ms) - began)) ms"
    check "undo ends it" is_free
    it_has_ended "undo" long 0
    says absent ./long undo
    snapshot after
    check "all is as before" same_state before after
}

it_ends_by_itself() {
    says applied ./short apply
    deadline=$(noted short deadline)
    check "it lasts" is_hit
    within 10 is_free
    late=$(($(now_ms) - deadline * 1000))
    check "it ends within 2 s of its deadline ($late ms)" [ "$late" -ge -100 -a "$late" -lt 2000 ]
    it_has_ended "by itself" short 1
    snapshot after
    check "all is as before" same_state before after
}

renewal_moves_the_end() {
    says applied ./capped apply
    first=$(noted capped deadline) cap=$(noted capped cap)
    sleep 1.1
    says applied ./capped renew
    second=$(noted capped deadline)
    check "renew moves the deadline ($first to $second, cap $cap)" [ "$second" -gt "$first" -a "$second" -le "$cap" ]
    sleep 2.5
    says applied ./capped renew
    says applied ./capped renew
    check "never past the cap" [ "$(noted capped deadline)" = "$cap" ]
    within 10 is_free
    late=$(($(now_ms) - cap * 1000))
    check "it ends within 2 s of its cap ($late ms)" [ "$late" -ge -100 -a "$late" -lt 2000 ]
    it_has_ended "at its cap" capped 1
    says absent ./capped renew
}

two_at_once() {
    for n in 1 2 3; do
        sh ./long apply >"/tmp/said.$n" 2>&1 &
        eval "sender$n=\$!"
    done
    # shellcheck disable=SC2154 # eval sets them
    wait "$sender1" "$sender2" "$sender3"
    check "of three applies at once each says that it is there" [ "$(cat /tmp/said.? | grep -c '^simian-fault: applied')" = 3 ]
    rm -f /tmp/said.?
    says absent ./long undo
    it_has_ended "three at once" long 1
}

# Whoever sends it is killed as the agent kills: the whole process group, at some point on the way.
the_sender_is_killed() {
    for point in . holder armed begun said applied; do
        for end in undo deadline; do
            # Once that far, it goes on as if nobody had been killed.
            case $end-$point in deadline-said | deadline-applied) continue ;; esac
            setsid sh ./short apply >/dev/null 2>&1 &
            sender=$!
            reaches "/run/simian/short/$point"
            kill -KILL "-$sender" 2>/dev/null
            wait "$sender" 2>/dev/null
            if [ "$end" = undo ]; then
                says absent ./short undo
                it_has_ended "killed at $point, undone" short 1
            elif [ ! -e /run/simian/short/holder ] || ! within 30 is_there /run/simian/short/armed; then
                # Nothing was begun, and nobody is there to take the folder away.
                sleep 1
                check "killed at $point: nothing was done" is_free
                says absent ./short undo
            else
                it_has_ended "killed at $point" short 12
            fi
        done
    done
    sleep 1
    check "nothing came after the undo" is_free
    snapshot after
    check "all is as before" same_state before after
}

# An undo that comes while the apply is on its way.
undo_overtakes_apply() {
    for point in . fault holder armed begun said applied; do
        sh ./long apply >/tmp/said 2>&1 &
        sender=$!
        reaches "/run/simian/long/$point"
        says absent ./long undo
        wait "$sender"
        say "the apply said: $(tail -n 1 /tmp/said)"
        it_has_ended "undone at $point" long 1
    done
    rm -f /tmp/said
    sleep 1
    check "nothing came after the undo" is_free
    snapshot after
    check "all is as before" same_state before after
}

# Faults that do not go as they should: the script with a few words more.
nothing_goes_as_it_should() {
    sed 's/^fault_apply() {/&\nsleep 10/' ./capped >./slow
    says failed ./slow apply
    it_has_ended "it took longer than its cap" capped 1
    sleep 4
    check "it was not done behind its end" is_free

    sed 's/^fault_check() {/&\nreturn 1/' ./short >./bad
    says failed ./bad apply
    it_has_ended "it did not take" short 1

    sed 's/^fault_preflight() {/&\nrefuse "not here"/' ./short >./refused
    says refused ./refused preflight
    says refused ./refused apply
    it_has_ended "it was refused" short 1

    # With nobody to read that it failed.
    setsid sh ./bad apply >/dev/null 2>&1 &
    sender=$!
    reaches /run/simian/short/begun
    kill -KILL "-$sender"
    it_has_ended "it did not take, and nobody asks" short 15

    sed 's/^fault_undo() {/&\nif [ ! -e \/tmp\/tried ]; then touch \/tmp\/tried; return 1; fi/' ./short >./clumsy
    says applied ./clumsy apply
    it_has_ended "its undo fails once" short 10
    rm -f /tmp/tried

    sed 's/^fault_work() {.*/fault_work() { trap "" TERM INT HUP; while :; do sleep 1; done; }/' ./short >./deaf
    says applied ./deaf apply
    deadline=$(noted short deadline)
    within 12 is_gone short
    late=$(($(now_ms) - deadline * 1000))
    check "what heeds no signal ends with it ($late ms)" [ "$late" -lt 2500 ]

    check_not "without a file of its own it is refused" sh -c 'sh -s apply <./short'
    check "and nothing was done" is_gone short
    rm -f ./slow ./bad ./refused ./clumsy ./deaf
    snapshot after
    check "all is as before" same_state before after
}

# All of it, but for what is killed.
the_whole_life() {
    looking_changes_nothing
    it_is_done_and_undone
    it_ends_by_itself
    renewal_moves_the_end
    two_at_once
    nothing_goes_as_it_should
}

# The holder hangs, the worker is killed, the deadline is lost.
what_holds_it_fails() { # SECONDS until somebody ends what hangs
    says applied ./short apply
    kill -STOP "$(noted short pid)"
    it_has_ended "the holder hangs" short "$1"
    sed 's/^fault_work() {.*/fault_work() { while :; do sleep 1; done; }/' ./short >./busy
    says applied ./busy apply
    kill -KILL "$(worker_of short)"
    check "what the worker started goes on" worker_of short
    it_has_ended "the worker is killed" short 7
    check_not "and what it started ends too" worker_of short
    says applied ./short apply
    rm -rf /run/simian/short/deadline
    it_has_ended "its deadline is lost" short 4
    snapshot after
    check "all is as before" same_state before after
}
