dir=/run/simian/$id
[ ! -e "$dir/fault" ] || exec /bin/sh "$dir/fault" "$1"
if [ -d "$dir" ]; then
    echo "simian-fault: damaged: somebody removed its script from $dir"
    exit 12
fi
# Its unit ends what it holds, if somebody removed what the fault wrote down.
[ "$1" != undo ] || [ ! -d /run/systemd/system ] || systemctl stop "simian-fault-$id.service" 2>/dev/null
echo "simian-fault: absent"
