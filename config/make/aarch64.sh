#!/bin/sh
# Builds sottovoce for aarch64 on a machine of another kind.
set -eu
here=$(dirname "$0")
target=aarch64-unknown-linux-gnu

"$here/cargo.sh"
standard=$(rustc --print sysroot)/lib/rustlib/$target/lib
if command -v rustup >/dev/null 2>&1 && ! [ -e "$standard" ]; then
    echo "make: rustup has no standard library for aarch64. Install it: rustup target add $target" >&2
    exit 1
fi
if command -v dpkg >/dev/null 2>&1 && ! [ -e "$standard" ] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
    echo "make: Debian's standard library for aarch64 comes from arm64. As root: dpkg --add-architecture arm64" >&2
    exit 1
fi
"$here/need.sh" aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/include/stdio.h=libc6-dev-arm64-cross cmake=cmake \
    "$standard=libstd-rust-web-dev:arm64"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
cargo build --locked --target "$target" --bin sottovoce
echo "It is ${CARGO_TARGET_DIR:-target}/$target/debug/sottovoce"
