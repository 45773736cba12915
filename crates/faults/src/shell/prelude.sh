# --- Words and tools ------------------------------------------------------------------------------------------
# The last line of every answer: `simian-fault: WORD: why`. Whoever sent the script reads that and the exit code.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C
umask 077

state=/run/simian
dir=$state/$id

answer() { # WORD [WHY]
    echo "simian-fault: $1${2:+: $2}"
}

refuse() { # WHY: nothing was done, and nothing will be
    answer refused "$1"
    exit 10
}

has() { # TOOL
    command -v "$1" >/dev/null 2>&1
}

need() { # TOOL...
    for tool in "$@"; do
        has "$tool" || refuse "there is no $tool: install $(package "$tool") in the image"
    done
}

package() { # TOOL: what brings it, by the names that the systems have for that
    for known in $packages; do
        names=${known#*=}
        case $known in
        "$1=${names%/*}/${names%/*}") echo "${names%/*}" ;;
        "$1="*) echo "${names%/*} (Amazon Linux) or ${names#*/} (Debian, Ubuntu)" ;;
        esac
    done | grep . || echo it
}

is_number() { # TEXT
    case $1 in '' | *[!0-9]*) return 1 ;; esac
}

# Seconds since the guest was started: a clock that nobody sets.
seconds_up() {
    read -r up _ </proc/uptime
    echo "${up%%.*}"
}

# What the fault wrote down for its own undo.
note() { # NAME VALUE
    { printf '%s\n' "$2" >"$dir/$1.new" && mv "$dir/$1.new" "$dir/$1"; } 2>/dev/null
}

noted() { # NAME
    [ -r "$dir/$1" ] && cat "$dir/$1" 2>/dev/null
}
