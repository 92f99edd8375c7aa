#!/bin/sh
# export.sh: LightMill's way to get at the results: every design, or those that are named.
set -eu
case "${1:-}" in
-h | --help)
    echo "usage: ./export.sh [-o DIR] [--site SITE] [DESIGN…]"
    echo "Writes trials and events of each design into DIR/<design> (else LIGHTMILL_EXPORT_DIR, else"
    echo "./export), as LightMill's export did; DIR/<lab>/<design> where several labs have a design of"
    echo "that id. Other forms: make manage SITE=production CMD=\"export_design --help\""
    exit 0 ;;
esac
to=${LIGHTMILL_EXPORT_DIR:-$PWD/export} site=production
needs() { [ "$#" -ge 2 ] || { echo "export.sh: $1 needs a value (see --help)" >&2; exit 2; }; }
while [ "$#" -gt 0 ]; do
    case "$1" in
    -o | --output) needs "$@"; to=$2; shift 2 ;;
    --site) needs "$@"; site=$2; shift 2 ;;
    -d | --database) echo "export.sh: the site knows its database; --site names another site" >&2; exit 2 ;;
    -*) echo "export.sh: there is no option $1 (see --help)" >&2; exit 2 ;;
    *) break ;;
    esac
done
case "$to" in /*) ;; *) to=$PWD/$to ;; esac
cd "$(dirname "$0")"
manage=.studium/$site/bin/manage
[ -x "$manage" ] || { echo "export.sh: there is no site '$site' here; ./start.sh makes staging and production" >&2; exit 1; }
[ "$#" -gt 0 ] || set -- --all
"$manage" export_design "$@" --to "$to" --form lightmill
echo "The results are in $to."
