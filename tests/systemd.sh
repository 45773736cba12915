#!/usr/bin/env bash
# Is config/simian.service a unit that systemd understands, and is it tight? Needs systemd-analyze, no running systemd.
# Prints PASS or FAIL for each question; the exit code is 0 when all passed, 77 when systemd-analyze is missing.
set -uo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)" || exit 1
shipped="$root/config/simian.service"
scratch="$(mktemp -d)" || exit 1
trap 'rm -rf "$scratch"' EXIT

command -v systemd-analyze >/dev/null || { echo "SKIP there is no systemd-analyze: install systemd"; exit 77; }

failed=0
question() { # TEXT COMMAND...: PASS when the command succeeds, else FAIL and what it said
    local text="$1" said
    shift
    if said="$("$@" 2>&1)"; then
        echo "PASS $text"
    else
        echo "FAIL $text"
        sed 's/^/     /' <<<"$said"
        failed=1
    fi
}

# The same unit with a program that every machine has: systemd looks for it.
unit="$scratch/simian.service"
sed -E 's#^(Exec[A-Za-z]+=)/usr/bin/simian( .*)?$#\1/bin/true#' "$shipped" >"$unit"

verify() { # systemd-analyze ends with 0 even for a key that it does not know, so anything that it says counts.
    local said
    said="$(systemd-analyze verify --man=no "$unit" 2>&1)" || { echo "$said"; return 1; }
    [ -z "$said" ] || { echo "$said"; return 1; }
}

tight() { # In tenths: an exposure above 1.5 fails.
    systemd-analyze security --offline=true --no-pager --threshold=15 "$unit"
}

says() { # LINE: the unit has it, once.
    [ "$(grep -cxF -- "$1" "$shipped")" = 1 ] || { echo "expected once: $1"; return 1; }
}

silent() { # KEY: the unit does not set it.
    ! grep -n "^$1=" "$shipped"
}

question "systemd understands every line" verify
question "its exposure is at most 1.5" tight
question "it is ready when it says so" says "Type=notify"
question "only the main process speaks for it" says "NotifyAccess=main"
question "it is watched" says "WatchdogSec=60"
question "it runs the installed program with the installed configuration" \
    says "ExecStart=/usr/bin/simian run --config /etc/simian/simian.toml"
question "it starts again after a failure" says "Restart=on-failure"
question "but not with a bad configuration" says "RestartPreventExitStatus=3"
question "it has a user of its own" says "DynamicUser=yes"
question "people reach the control socket by their group" says "Group=simian-ops"
question "the control socket sees who calls" silent PrivateUsers
question "AWS can be reached over IPv4, IPv6 and systemd over its socket" \
    says "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"
exit "$failed"
