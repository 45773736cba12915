# Half of every processor is busy for as long as it lasts, and none behind it. The dead-man is quick although it is held to
# the same share.
# guest: uml-systemd
# fault: short --for 8s --cap 16s burn-cpu share=0.5
# fault: long --for 60s --cap 120s burn-cpu share=0.5

. ./lib.sh

is_gone() { [ ! -e /run/simian ]; }

busy() { # over two seconds, in percent of all processors
    cut -d' ' -f2-6 /proc/stat | sed -n 1p >stat.1
    sleep 2
    cut -d' ' -f2-6 /proc/stat | sed -n 1p >stat.2
    cat stat.1 stat.2 | awk '{ busy[NR] = $1 + $2 + $3 + $4 + $5 - $5; idle[NR] = $4 + $5 } END {
        all = 0; work = busy[2] - busy[1] - (idle[2] - idle[1]); all = work + idle[2] - idle[1]; print int(100 * work / all) }'
}

snapshot before
says ready ./long preflight
says applied ./long apply
during=$(busy)
check "$during % are busy" [ "$during" -ge 30 -a "$during" -le 75 ]
says applied ./long status
says absent ./long undo
after=$(busy)
check "$after % are busy behind it" [ "$after" -le 20 ]
says applied ./short apply
deadline=$(cat /run/simian/short/deadline)
check "it ends by itself" within 15 is_gone
late=$(($(now_ms) - deadline * 1000))
check "it ends within 2 s of its deadline ($late ms)" [ "$late" -ge -100 -a "$late" -lt 2000 ]
says applied ./long apply
kill -KILL "$(cat /run/simian/long/pid)"
check "the holder is killed: it ends" within 3 is_gone
snapshot after
check "all is as before" same_state before after
