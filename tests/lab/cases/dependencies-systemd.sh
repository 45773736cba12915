# Names lead nowhere for services with a sandbox that already run; the dead-man of systemd takes the file away.
# guest: nspawn
# fault: some --for 60s --cap 60s dns domains=db.example.com
# fault: short --for 3s --cap 60s dns domains=db.example.com
# fault: route --for 3s --cap 60s null-route to=10.20.0.0/16
# fault: hole --for 60s --cap 60s blackhole to=10.20.0.0/16

. ./lib.sh

printf 'hosts: files dns\n' >/etc/nsswitch.conf
printf '127.0.0.1 localhost\n' >/etc/hosts
: >/etc/resolv.conf
systemd-run --quiet --unit=sandboxed --property=ProtectSystem=strict --property=ProtectHome=yes --property=PrivateTmp=yes \
    --property=DynamicUser=yes sleep 1000
pid=$(systemctl show --property=MainPID --value sandboxed)
in_sandbox() { nsenter -t "$pid" -m -r "$@"; }
within 5 grep -q sleep "/proc/$pid/comm"
snapshot before

says applied some apply
check "the service sees it" in_sandbox grep -q "255.255.255.255 db.example.com" /etc/hosts
check "so does a new one" systemd-run --quiet --wait --pipe --property=DynamicUser=yes getent hosts db.example.com
kill -KILL "$(cat /run/simian/some/pid)"
check "when its holder is killed, it ends" within 10 has_ended some
check_not "and the service does not see it any more" in_sandbox grep -q db.example.com /etc/hosts
snapshot after
check "nothing is left of it" same_state before after

says applied short apply
check "it ends by itself" within 10 has_ended short
# Why, if it does not: what systemd saw, and what the undo says when it is asked once more.
[ ! -d /run/simian/short ] || { cat lab.said; journalctl --no-pager -n 30; grep hosts /proc/self/mountinfo; sh -x ./short end 2>&1 | tail -n 20; }
says applied hole apply
systemctl kill --signal=KILL simian-fault-hole.service
check "a filter whose unit is killed ends too" within 10 has_ended hole
says applied route apply
check "a route ends by itself" within 10 has_ended route
snapshot after
check "nothing is left at last" same_state before after
