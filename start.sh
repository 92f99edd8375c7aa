#!/bin/sh
# start.sh: LightMill's way to start, over make and manage. docs/factorial/lightmill.md has the rest.
set -eu
called=$PWD
cd "$(dirname "$0")"

help() {
    cat <<'HELP'
usage: ./start.sh [options]

  -e, --experiment-design FILE  bring this design in, once, when it is absent
                                (without it: experiment.xml in this folder, if there is one)
  --project LAB/PROJECT         where it goes, when the site has several projects
  -p, --port PORT               where to begin (else LIGHTMILL_PORT, else the usual one)
  -d, --database URL            another database, with --debug (else LIGHTMILL_DB_URI)
  -v, --verbose                 follow the logs afterwards
  --debug                       a development server that reloads, instead of the two sites
  --fixed-measures              flag values that the design does not declare
  --unprotected-runs, --volatile
                                the design's runs are pilots: anybody may take them, they can be
                                purged, and no export has them unless it asks for them
  --force                       taken, and does nothing: nothing is asked
  -h, --help                    this

The sites are ended by: make down
HELP
}

design='' project='' verbose='' debug='' flags=''
PORT=${LIGHTMILL_PORT:-${PORT:-}} database=${LIGHTMILL_DB_URI:-}
needs() { [ "$#" -ge 2 ] || { echo "start.sh: $1 needs a value (see --help)" >&2; exit 2; }; }
while [ "$#" -gt 0 ]; do
    case "$1" in
    -e | --experiment-design) needs "$@"; design=$2; shift ;;
    --project) needs "$@"; project=$2; shift ;;
    -p | --port) needs "$@"; PORT=$2; shift ;;
    -d | --database) needs "$@"; database=$2; shift ;;
    -v | --verbose) verbose=1 ;;
    --debug) debug=1 ;;
    --fixed-measures) flags="$flags --fixed-measures" ;;
    --unprotected-runs | --volatile) flags="$flags --pilot" ;;
    --force) ;;
    -h | --help) help; exit 0 ;;
    *) echo "start.sh: there is no option $1 (see --help)" >&2; exit 2 ;;
    esac
    shift
done
export PORT
if [ -n "$database" ] && [ -z "$debug" ]; then
    echo "start.sh: the database of a site is one of its facts: ./configure.sh --ask (or add --debug)" >&2
    exit 2
fi

case "$design" in
'') [ ! -f experiment.xml ] || design=$PWD/experiment.xml ;;
/*) ;;
*) design=$called/$design ;;
esac

# A design that cannot be brought in is told of, and the site goes on.
bring() { [ -z "$design" ] || "$@" || echo "The site runs without the design of $design." >&2; }

if [ -n "$debug" ]; then
    [ -z "$database" ] || export DATABASE_URL="$database"
    make environment
    .venv/bin/python app/manage.py migrate --noinput -v0
    # shellcheck disable=SC2086
    bring .venv/bin/python app/manage.py import_design "$design" --at-start $flags ${project:+--project "$project"}
    exec make run
fi
make up
# shellcheck disable=SC2086
bring .studium/production/bin/manage import_design "$design" --at-start $flags ${project:+--project "$project"}
[ -z "$verbose" ] || exec make logs
