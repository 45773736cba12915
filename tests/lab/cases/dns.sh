# Names are not resolved: none, or those that are named; with a local resolver and without; by nftables and iptables.
# guest: netns
# fault: refused --for 60s --cap 60s dns
# fault: silent --for 60s --cap 60s dns how=drop
# fault: some --for 60s --cap 60s dns domains=db.example.com,api.example.com
# fault: known --for 60s --cap 60s dns domains=known.example.com
# fault: short --for 2s --cap 60s dns domains=db.example.com

. ./lib.sh

cat >resolver.py <<'END'
# Answers every question for an address with one; asks another resolver where there is one.
import socket, struct, sys, threading

address, behind = sys.argv[1], sys.argv[2:]

def answer(query):
    if behind:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(3)
        s.connect((behind[0], 53))
        s.send(query)
        return s.recv(512)
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    kind = struct.unpack("!H", question[-4:-2])[0]
    data = {1: socket.inet_aton("10.9.0.2"), 28: socket.inet_pton(socket.AF_INET6, "fd09::2")}.get(kind)
    head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1 if data else 0, 0, 0)
    return head + question + (b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data if data else b"")

def udp(s):
    while True:
        query, who = s.recvfrom(512)
        threading.Thread(target=reply, args=(s, query, who), daemon=True).start()

def reply(s, query, who):
    try:
        s.sendto(answer(query), who)
    except OSError:
        pass

def tcp(s):
    while True:
        client, _ = s.accept()
        try:
            query = client.recv(514)[2:]
            said = answer(query)
            client.sendall(struct.pack("!H", len(said)) + said)
        except OSError:
            pass
        client.close()

for kind, serve in (socket.SOCK_STREAM, tcp), (socket.SOCK_DGRAM, udp):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 53))
    if kind == socket.SOCK_STREAM:
        s.listen()
    threading.Thread(target=serve, args=(s,), daemon=True).start()
threading.Event().wait()
END
cat >connect.py <<'END'
import errno, socket, sys

try:
    socket.create_connection((sys.argv[1], 22), 2)
    print("connected")
except OSError as error:
    print(errno.errorcode.get(error.errno, error))
END

. ./peer.sh
in_peer ip link set v1 up
in_peer ip address add 10.9.0.53/24 dev v1
in_peer ip address add fd09::53/64 dev v1 nodad
in_peer python3 resolver.py 10.9.0.53 &
in_peer python3 resolver.py fd09::53 &
python3 resolver.py 127.0.0.53 10.9.0.53 &
# Something that a name which leads to the guest itself would reach.
python3 -c '
import socket
s = socket.create_server(("::", 22), family=socket.AF_INET6, dualstack_ipv6=True)
while True: s.accept()' &

check "addresses are settled" within 5 sh -c "! ip -6 address | grep -q tentative"

use() { # NAME-SERVER
    printf 'nameserver %s\noptions timeout:1 attempts:1\n' "$1" >/etc/resolv.conf
}
resolves() { # NAME
    getent ahosts "$1" | grep -q -e '^10.9.0.2 ' -e '^fd09::2 '
}
asked() { # SERVER [OPTION]: what dig gets from it
    dig +short +time=1 +tries=1 "@$1" $2 any.example.com A 2>&1 | grep -qx 10.9.0.2
}
took() { # MILLISECONDS COMMAND...: it takes at least so long
    took_least=$1 took_since=$(now_ms)
    shift
    "$@"
    [ $(($(now_ms) - took_since)) -ge "$took_least" ]
}
at_once() { # COMMAND...: it takes less than half a second
    is_false took 500 "$@"
}
rules() {
    $nft list ruleset
    iptables-legacy -S
    ip6tables-legacy -S
}
nft=nft
printf 'hosts: files dns\n' >/etc/nsswitch.conf
printf '127.0.0.1 localhost\n10.9.9.9 known.example.com known\n' >/etc/hosts

play() { # BACKEND
    echo "--- $1"
    iptables-legacy -S >/dev/null
    ip6tables-legacy -S >/dev/null
    rules >rules.before
    for server in 10.9.0.53 fd09::53 127.0.0.53; do
        echo "--- $1, $server"
        use $server
        check "names resolve before" within 5 resolves any.example.com
        check "and over TCP" within 5 asked $server +tcp
        snapshot before

        says applied refused apply
        check "$1 does it" test "$(cat /run/simian/refused/backend)" = "$1"
        check_not "no name resolves" resolves any.example.com
        check "which is said at once" at_once resolves any.example.com
        check_not "nor over TCP" asked $server +tcp
        check "what /etc/hosts says still does" getent hosts known.example.com
        check "an answer on the way from there goes on" ping -q -c 1 -W 1 10.9.0.53
        rules >rules.once
        says applied refused apply
        rules >rules.twice
        check "a second apply changes nothing" cmp rules.once rules.twice
        says absent refused undo
        check "names resolve again" resolves any.example.com

        says applied silent apply
        check_not "no name resolves" resolves any.example.com
        check "which takes its time" took 900 resolves any.example.com
        check_not "nor over TCP" asked $server +tcp
        says absent silent undo
        check "names resolve once more" resolves any.example.com
        rules >rules.after
        check "the rules are what they were" cmp rules.before rules.after
        snapshot after
        check "nothing is left of it" same_state before after
    done
}

play nft
mv "$(command -v nft)" ./nft.hidden
nft=./nft.hidden
update-alternatives --set iptables /usr/sbin/iptables-legacy >/dev/null
update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy >/dev/null
play iptables

echo "--- by name"
use 10.9.0.53
# Whoever is in another place with the same mounts sees it too: services with a sandbox that already run.
mount --make-rshared /
unshare -m --propagation slave sleep 1000 &
sandboxed=$!
in_sandbox() { nsenter -t "$sandboxed" -m -r "$@"; }
within 5 sh -c "[ \$(readlink /proc/$sandboxed/ns/mnt) != \$(readlink /proc/self/ns/mnt) ]"
snapshot before
sha256sum /etc/hosts >hosts.before
stat -c '%i %Y %Z %s' /etc/hosts >>hosts.before

leads_nowhere() { # NAME
    [ "$(getent ahostsv4 "$1" | sed 's/ .*//' | sort -u)" = 255.255.255.255 ] &&
        [ "$(python3 -c 'import socket, sys
print(*{a[4][0] for a in socket.getaddrinfo(sys.argv[1], 1, socket.AF_INET6)})' "$1")" = ::ffff:255.255.255.255 ]
}
says ready some preflight
says applied some apply
check "a name that is named leads nowhere" leads_nowhere db.example.com
check "in capitals too" leads_nowhere DB.example.com
check "and the other" leads_nowhere api.example.com
check "connecting fails at once" at_once python3 connect.py db.example.com
check "and does not reach the guest itself" test "$(python3 connect.py db.example.com)" = ENETUNREACH
check "a name below it resolves" resolves x.db.example.com
check "another resolves" resolves any.example.com
check "what /etc/hosts says is still said" sh -c 'getent ahostsv4 known | grep -q 10.9.9.9'
check "a sandbox that was there sees it" in_sandbox grep -q "db.example.com" /etc/hosts
check_not "nobody writes to it" sh -c 'echo "10.1.1.1 lost" >>/etc/hosts'
says applied some apply
check "a second apply mounts nothing" test "$(grep -c ' /etc/hosts ' /proc/self/mountinfo)" = 1
says refused short apply
says absent some undo
check "they resolve again" resolves db.example.com
check_not "and in the sandbox" in_sandbox grep -q "db.example.com" /etc/hosts
{ sha256sum /etc/hosts && stat -c '%i %Y %Z %s' /etc/hosts; } >hosts.after
check "/etc/hosts was not written" cmp hosts.before hosts.after
snapshot after
check "nothing is left of it" same_state before after

says refused known preflight
mount --bind /etc/hostname /etc/hosts
says refused some preflight
umount /etc/hosts
echo "hosts: dns files" >/etc/nsswitch.conf
says refused some preflight
printf 'hosts: files dns\n' >/etc/nsswitch.conf
unshare -m sh ./some preflight >other.said
check "a shell with mounts of its own is refused" grep -q "refused: this shell has mounts of its own" other.said

says applied some apply
# Who reads it just now does not keep it.
# shellcheck disable=SC2217 # it keeps the file open
sleep 1000 </etc/hosts &
reader=$!
umount -l /etc/hosts
says damaged some status
says absent some undo
kill "$reader"
says applied short apply
# shellcheck disable=SC2217 # it keeps the file open
sleep 1000 </etc/hosts &
reader=$!
check "it ends by itself, though somebody reads the file" within 8 has_ended short
kill "$reader"
check "and names resolve" resolves db.example.com
snapshot after
check "nothing is left at last" same_state before after
kill "$peer" "$sandboxed"
