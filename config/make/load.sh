#!/usr/bin/env bash
# Many protected calls in one agent on one core: load.sh [CALLS [SECONDS]]
set -euo pipefail
cd "$(dirname "$0")/../.."
# Built alone, so that what it prints last is its own.
cargo bench --locked --quiet --bench load --no-run
cargo bench --locked --quiet --bench load -- "$@" 2> >(grep -v -e '^error: bench failed' -e '^Caused by' -e 'process didn' -e '^$' >&2)
