# The agent that sent it is restarted, and its whole control group is killed: the fault goes on, and ends. With systemd,
# and in its place without.
# guest: nspawn
# fault: short --for 4s --cap 30s pause-process name=victim
# fault: long --for 60s --cap 120s pause-process name=victim

. ./lib.sh
. ./dead_man.sh

python3 ./agent.py 60 'sh ./long apply' >said
check "the agent sees the end of its output" grep -q '^agent: 0 ' said
tail -n 2 said
says absent ./long undo

# The agent's unit, which runs a command.
agent_runs() { # COMMAND
    cat >/run/systemd/system/amazon-ssm-agent.service <<END_OF_UNIT
[Service]
WorkingDirectory=/root/case
ExecStart=/usr/bin/python3 ./agent.py forever "$(echo "$1" | sed 's/"/\\"/g')"
END_OF_UNIT
    systemctl daemon-reload
}

# HOW the agent runs a command: as it is, or where systemd is not to be seen.
hidden='unshare -m sh -c "mount -t tmpfs none /run/systemd && sh ./short apply"'
for how in "sh ./short apply" "$hidden"; do
    for end in restart kill; do
        agent_runs "$how"
        systemctl start amazon-ssm-agent.service
        check "$how: it is applied" within 30 is_there /run/simian/short/applied
        say "its dead-man is $(noted short holder)"
        deadline=$(noted short deadline)
        # A new one would do it again.
        sed -i 's/^ExecStart=.*/ExecStart=\/bin\/sleep 1000/' /run/systemd/system/amazon-ssm-agent.service
        systemctl daemon-reload
        case $end in
        restart) systemctl restart amazon-ssm-agent.service ;;
        kill) systemctl kill -s KILL amazon-ssm-agent.service ;;
        esac
        sleep 0.5
        check "$end: it goes on" is_hit
        within 10 is_free
        late=$(($(now_ms) - deadline * 1000))
        check "$end: it ends within 2 s of its deadline ($late ms)" [ "$late" -ge -100 -a "$late" -lt 2000 ]
        it_has_ended "$end" short 2
        systemctl stop amazon-ssm-agent.service
    done
done
