#!/bin/sh
# Sees to a cargo that is new enough for Cargo.toml's rust-version, and to these of its commands: cargo.sh [fmt] [clippy]
set -eu
here=$(dirname "$0")
wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml")
commands=$*

found() {
    cargo --version 2>/dev/null | cut -d ' ' -f 2
}

new_enough() {
    [ "$(found)" ] && [ "$(printf '%s\n' "$wanted" "$(found)" | sort -V | head -n 1)" = "$wanted" ]
}

# What is missing; of a Rust that is too old, nothing counts.
lacks() {
    if ! new_enough; then
        echo "rustc cargo $commands"
        return
    fi
    for command in $commands; do
        cargo "$command" --version >/dev/null 2>&1 || echo "$command"
    done
}

# Debian 12 has names of its own for the parts of its newer Rust.
package() {
    case $1 in
    fmt) echo rustfmt-web ;;
    clippy) echo rust-web-clippy ;;
    *) echo "$1-web" ;;
    esac
}

lacking=$(lacks)
[ "$lacking" ] || exit 0
if command -v rustup >/dev/null 2>&1; then
    if [ -z "$(found)" ]; then
        echo "make: rustup has no toolchain. Install one: rustup default stable" >&2
    elif new_enough; then
        echo "make: missing: cargo" $lacking". Install what is missing: rustup component add rustfmt clippy" >&2
    else
        echo "make: cargo $(found) is older than $wanted. Update it: rustup update stable" >&2
    fi
    exit 1
fi
if command -v apt-get >/dev/null 2>&1; then
    set -- /etc/ssl/certs/ca-certificates.crt=ca-certificates
    for part in $lacking; do
        set -- "$@" "/nonexistent/$part=$(package "$part")" # no such file: whatever is there does not count
    done
    "$here/need.sh" "$@" || true
    [ "$(lacks)" ] || exit 0
fi
have=$(found)
echo "make: cargo $wanted or newer${commands:+ with $commands} is needed, and there is ${have:-none}." \
    "Where the distribution has none, install it from https://rustup.rs" >&2
exit 1
