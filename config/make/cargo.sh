#!/bin/sh
# A cargo that is new enough for Cargo.toml's rust-version, with these of its commands: cargo.sh [fmt] [clippy]
# says what to do where that is missing; cargo.sh --packages [fmt] [clippy] prints what need.sh is to install for it.
set -eu
wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$(dirname "$0")/../../Cargo.toml")

found() {
    cargo --version 2>/dev/null | cut -d ' ' -f 2
}

new_enough() {
    [ "$(found)" ] && [ "$(printf '%s\n' "$wanted" "$(found)" | sort -V | head -n 1)" = "$wanted" ]
}

# Of a Rust that is too old, nothing counts.
missing() {
    if ! new_enough; then
        echo rustc cargo "$@"
        return
    fi
    for command; do
        cargo "$command" --version >/dev/null 2>&1 || echo "$command"
    done
}

# Debian 12 and 13 have names of their own for the parts of their newer Rust. They are paired with no file, so that
# need.sh asks for them in any case.
pair() {
    case $1 in
    fmt) echo /nonexistent/fmt=rustfmt-web ;;
    clippy) echo /nonexistent/clippy=rust-web-clippy ;;
    *) echo "/nonexistent/$1=$1-web" ;;
    esac
}

if [ "${1:-}" = --packages ]; then
    shift
    command -v rustup >/dev/null 2>&1 && exit 0
    grep -qxE "VERSION_CODENAME=(bookworm|trixie)" /etc/os-release 2>/dev/null || exit 0
    echo /etc/ssl/certs/ca-certificates.crt=ca-certificates # or no crate is fetched
    for part in $(missing "$@"); do pair "$part"; done
    exit 0
fi

[ "$(missing "$@")" ] || exit 0
have=$(found)
if ! command -v rustup >/dev/null 2>&1; then
    echo "make: cargo $wanted or newer${*:+ with $*} is needed, and there is ${have:-none}. Install it from https://rustup.rs" >&2
elif [ -z "$have" ]; then
    echo "make: rustup has no toolchain. Install one: rustup default stable" >&2
elif new_enough; then
    echo "make: missing: cargo" $(missing "$@")". Install what is missing: rustup component add rustfmt clippy" >&2
else
    echo "make: cargo $have is older than $wanted. Update it: rustup update stable" >&2
fi
exit 1
