#!/bin/sh
# export.sh: LightMill's way to get at the results: every design, or those that are named.
set -eu
case "${1:-}" in
-h | --help)
    echo "usage: ./export.sh [-o DIR] [--site SITE] [DESIGN…]"
    echo "Writes trials and events of each design into DIR/<design> (else LIGHTMILL_EXPORT_DIR, else"
    echo "./export), as LightMill's export did. Other forms: make manage CMD=\"export_design --help\""
    exit 0 ;;
esac
to=${LIGHTMILL_EXPORT_DIR:-$PWD/export} site=production
while [ "$#" -gt 0 ]; do
    case "$1" in
    -o | --output) to=$2; shift 2 ;;
    --site) site=$2; shift 2 ;;
    -d | --database) echo "export.sh: the site knows its database; --site names another site" >&2; exit 2 ;;
    -*) echo "export.sh: there is no option $1 (see --help)" >&2; exit 2 ;;
    *) break ;;
    esac
done
case "$to" in /*) ;; *) to=$PWD/$to ;; esac
cd "$(dirname "$0")"
mkdir -p "$to"
manage() { make manage SITE="$site" CMD="$1"; }
[ "$#" -gt 0 ] || manage "design_data list" | while read -r name; do
    case "$name" in */*) manage "export_design '$name' --to '$to' --form lightmill" </dev/null ;; esac
done
for name; do manage "export_design '$name' --to '$to' --form lightmill"; done
echo "The results are in $to."
