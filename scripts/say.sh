# One line a step, the rest in a log. Sourced by the other scripts; it runs nothing by itself.

logs=$root/.cache/logs
ticker=
trap '[ -z "$ticker" ] || kill "$ticker" 2>/dev/null' EXIT

fail() { # fail MESSAGE [HINT]
	printf 'error: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
	exit 1
}

step() { # step NAME COMMAND… — runs COMMAND, says how long it took, and on failure what it said last
	local name=$1 log=$logs/$1.log began=$SECONDS code=0
	shift
	mkdir -p "$logs"
	: >"$log"
	tick "$name" "$log" &
	ticker=$!
	"$@" </dev/null >"$log" 2>&1 || code=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	ticker=
	[ ! -t 1 ] || printf '\r\033[K'
	if [ "$code" = 0 ]; then
		printf '%-10s %4d s\n' "$name" $((SECONDS - began))
		return
	fi
	printf '%-10s FAILED after %d s; the end of %s:\n\n' "$name" $((SECONDS - began)) "${log#"$root"/}"
	tail -n "${POSTERN_TAIL:-60}" "$log"
	exit 1
}

tick() { # tick NAME LOG — shows that a long step is alive: each second on a terminal, else each minute
	local name=$1 log=$2 began=$SECONDS pause=60
	[ ! -t 1 ] || pause=1
	trap 'kill $! 2>/dev/null; exit' TERM
	while :; do
		sleep "$pause" &
		wait $!
		local last
		last=$(tail -c 400 "$log" | tr -d '\r' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-60) || true
		if [ "$pause" = 1 ]; then
			printf '\r\033[K%-10s %4d s  %s' "$name" $((SECONDS - began)) "$last"
		else
			printf '%-10s %4d s … %s\n' "$name" $((SECONDS - began)) "$last"
		fi
	done
}
