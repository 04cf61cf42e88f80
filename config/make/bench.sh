#!/usr/bin/env bash
# Runs the benchmarks, or those that are named: `bench.sh sip_message esp_seal_open`.
set -euo pipefail
cd "$(dirname "$0")/../.."

ALL=(sip_message sip_calls subscriptions esp_seal_open pipeline acoustics rekey review spd_lookup million)

for name in "${@:-${ALL[@]}}"; do
    echo "== $name"
    case $name in
        sip_message) cargo run --release --locked --quiet --manifest-path benches/sip_message/Cargo.toml ;;
        million) cargo build --release --locked --quiet --bin sottovoce && benches/million.sh ;;
        *) cargo bench --locked --quiet --bench "$name" ;;
    esac
done
