#!/bin/sh
# configure.sh: what LightMill's did, for this site: ask for its facts, or take the usual ones.
set -eu
cd "$(dirname "$0")"
case "${1:-}" in
-h | --help)
    echo "usage: ./configure.sh [--ask]"
    echo "Without --ask nothing is asked (make configure DEFAULTS=1); ./start.sh does it, too."
    exit 0 ;;
--ask) exec make configure ;;
*) exec make configure DEFAULTS=1 ;;
esac
