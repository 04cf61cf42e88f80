#!/usr/bin/env bash
# Speech over bad lines, ours and baresip's: listen.sh [CODEC...] [--quick]
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHON=target/listen WANTED=benches/listen/requirements.txt
[ "$(id -u)" = 0 ] || { echo "make listen: it makes network namespaces: run it as root" >&2; exit 1; }
if ! cmp -s "$WANTED" "$PYTHON/installed.txt"; then
    echo "Fetching PESQ and ViSQOL (once) ..."
    python3 -m venv "$PYTHON" && "$PYTHON/bin/pip" install --quiet --disable-pip-version-check -r "$WANTED" && cp "$WANTED" "$PYTHON/installed.txt"
fi
SOTTOVOCE=target/release/sottovoce exec "$PYTHON/bin/python" benches/listen/run.py "$@"
