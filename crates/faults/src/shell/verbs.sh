
case ${1:-} in
preflight)
    preflight
    answer ready
    ;;
apply | status | renew | undo) "$1" ;;
hold) hold ;;
end) end ;;
*)
    echo "usage: sh $0 preflight | apply | status | renew | undo" >&2
    exit 2
    ;;
esac
