#!/bin/sh
# A private PostgreSQL for tests: postgres.sh start DIR | stop DIR
#
# start makes a cluster in DIR (once), runs it on a free loopback port and a
# socket in DIR, and prints the DSN for MENTARA_TEST_POSTGRES. PostgreSQL refuses
# to run as root, so root hands the work to the user "postgres". Nothing is
# installed; the server binaries are looked for in PATH, in MENTARA_TEST_PG_BIN and
# where Debian puts them. The cluster trades durability for speed: tests of
# crashes kill our program, not the server.
set -eu

usage() { echo "usage: $0 start|stop DIR" >&2; exit 2; }
[ $# -eq 2 ] || usage
command=$1
dir=$2

bin=${MENTARA_TEST_PG_BIN:-}
if [ -z "$bin" ]; then
	if server=$(command -v postgres); then
		bin=$(dirname "$server")
	else
		bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
	fi
fi
[ -x "$bin/postgres" ] || { echo "$0: no PostgreSQL server found (Debian: apt-get install postgresql)" >&2; exit 1; }

# The directory must be reachable by the user the server runs as.
if [ "$(id -u)" = 0 ]; then
	as() { (cd / && exec runuser -u postgres -- "$@"); }
	own() { chown postgres "$1"; }
else
	as() { "$@"; }
	own() { :; }
fi

case $command in
start)
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd)
	own "$dir"
	data=$dir/data
	if [ ! -f "$data/PG_VERSION" ]; then
		as "$bin/initdb" --pgdata="$data" --username=postgres --auth=trust \
			--encoding=UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 ||
			{ cat "$dir/initdb.log" >&2; exit 1; }
	fi
	if as "$bin/pg_ctl" --pgdata="$data" status >/dev/null 2>&1; then
		port=$(sed -n 4p "$data/postmaster.pid")
	else
		# Another program may take the port between asking and listening, so try a few.
		tries=0
		while :; do
			port=$(awk -v pid=$$ -v try=$tries 'BEGIN { srand(); print 20000 + (pid * 7 + try * 911 + int(rand() * 10000)) % 12000 }')
			options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$data"
			options="$options -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200"
			options="$options -c shared_buffers=32MB -c max_wal_size=256MB -c log_min_messages=fatal"
			as "$bin/pg_ctl" --pgdata="$data" --log="$dir/server.log" --options="$options" --wait start >/dev/null 2>&1 && break
			tries=$((tries + 1))
			[ $tries -lt 5 ] || { cat "$dir/server.log" >&2; exit 1; }
		done
	fi
	echo "postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
	;;
stop)
	[ -d "$dir/data" ] || exit 0
	dir=$(cd "$dir" && pwd)
	as "$bin/pg_ctl" --pgdata="$dir/data" --mode=immediate stop >/dev/null 2>&1 || :
	rm -rf "$dir"
	;;
*) usage ;;
esac
