# The guest boots, has what the cases use, and two snapshots of it are the same.
# guest: uml

. ./lib.sh
. ./smoke.sh
