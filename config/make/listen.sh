#!/usr/bin/env bash
# Speech over bad lines, ours and baresip's: listen.sh [CODEC...] [--quick]; what a call costs of both: listen.sh cost [CODEC [SECONDS]]
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHON=target/listen WANTED=benches/listen/requirements.txt
[ "$(id -u)" = 0 ] || { echo "make listen: it makes network namespaces: run it as root" >&2; exit 1; }
if ! cmp -s "$WANTED" "$PYTHON/installed.txt"; then
    echo "Fetching PESQ and ViSQOL (once) ..."
    python3 -m venv "$PYTHON" && "$PYTHON/bin/pip" install --quiet --disable-pip-version-check -r "$WANTED" && cp "$WANTED" "$PYTHON/installed.txt"
fi
MEASURE=run
[ "${1:-}" != cost ] || { MEASURE=cost; shift; }
SOTTOVOCE=target/release/sottovoce exec "$PYTHON/bin/python" "benches/listen/$MEASURE.py" "$@"
