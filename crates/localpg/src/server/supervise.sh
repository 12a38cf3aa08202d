# Runs one PostgreSQL server for as long as standard input stays open.
#
# The owner holds the other end. Whichever way he goes (a stop, a panic, a SIGKILL), the kernel closes it;
# so the server never outlives him, and neither does its folder.
#
#   sh supervise.sh HOME BIN DATA [INITDB OPTION …]
home=$1 bin=$2 data=$3
shift 3

exec 3<&0 </dev/null
if [ ! -s "$data/PG_VERSION" ]; then
  "$bin/initdb" --pgdata="$data" "$@" 3<&- || exit 1
fi

"$bin/postgres" -D "$data" -c config_file="$home/postgresql.conf" 3<&- &
server=$!

(
  read -r _ <&3
  : >"$home/abandoned"
  # fast shutdown, immediate shutdown, no choice
  for signal in INT QUIT KILL; do
    kill -s "$signal" "$server" 2>/dev/null || exit 0
    tenths=0
    while [ "$tenths" -lt 50 ] && kill -0 "$server" 2>/dev/null; do
      sleep 0.1
      tenths=$((tenths + 1))
    done
  done
) &
watcher=$!
exec 3<&-

wait "$server"
status=$?
kill "$watcher" 2>/dev/null
# an owner who is still there wants to read the log
if [ -e "$home/abandoned" ]; then
  rm -rf -- "$home"
fi
exit "$status"
