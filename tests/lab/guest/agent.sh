# Something that is called as the SSM agent is, in the control group that it has.

group=/sys/fs/cgroup/system.slice/amazon-ssm-agent.service

agent_starts() {
    mkdir -p $group
    cp "$(command -v sleep)" ./amazon-ssm-agent
    (
        echo 0 >$group/cgroup.procs
        exec ./amazon-ssm-agent 1000
    ) &
    agent=$!
    within 5 grep -q amazon-ssm-agen /proc/$agent/comm
}
