
case ${1:-} in
preflight)
    preflight
    answer ready
    ;;
apply | status | renew | undo | hold | guard | work) "$1" ;;
end) end 60 ;;
*)
    echo "usage: sh $0 preflight | apply | status | renew | undo" >&2
    exit 2
    ;;
esac
