#!/bin/sh
# Sees to a cargo that is new enough for Cargo.toml's rust-version.
set -eu
here=$(dirname "$0")
wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml")

version() {
    cargo --version 2>/dev/null | cut -d ' ' -f 2
}

new_enough() {
    found=$(version) && [ "$found" ] && [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ]
}

new_enough && exit 0
if command -v rustup >/dev/null 2>&1; then
    echo "make: cargo $(version) is older than $wanted. Update it: rustup update stable" >&2
    exit 1
fi
# The names that Debian 12 gives to its newer Rust; asked for as files that are not there, so that an older cargo does not count.
"$here/need.sh" /nonexistent/rustc=rustc-web /nonexistent/cargo=cargo-web
new_enough && exit 0
echo "make: cargo $wanted or newer is needed, and there is ${found:-none}. Install it from https://rustup.rs" >&2
exit 1
