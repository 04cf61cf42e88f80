#!/usr/bin/env bash
# Runs every test, in the order in which a mistake is cheapest to find. `test.sh fmt unit` runs some of the steps.
# With CI=true nothing is asked and a test that skips fails.
set -uo pipefail
cd "$(dirname "$0")/../.."

STEPS=(fmt clippy unit world malformed strangers)
PACKAGES=(alsa-utils gcc iproute2 libc6-dev libxml2-utils make python3-venv sip-tester tcpdump tshark)
LOGS=target/test-logs
PYTHON=target/strangers

fmt() { cargo fmt --check; }
clippy() { cargo clippy --locked --all-targets -- -D warnings; }
unit() { tests --lib --test architecture --test allocation --doc; }
world() { tests --test world; }
malformed() { tests --test malformed; }
strangers() { tests --test cli --test wire --test strangers; }

# cargo takes --doc only alone.
tests() {
    local targets=() doc=false
    for word in "$@"; do
        if [ "$word" = --doc ]; then doc=true; else targets+=("$word"); fi
    done
    cargo test --locked --no-fail-fast "${targets[@]}" || return
    if $doc; then cargo test --locked --doc; fi
}

missing_packages() {
    local package
    for package in "${PACKAGES[@]}"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

# Debian and Ubuntu, as root or by sudo without a password; elsewhere, and when asked not to, the tests that need them skip.
install_packages() {
    command -v apt-get >/dev/null || { echo "no apt-get here; the tests use: ${PACKAGES[*]}"; return 0; }
    local missing; mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -eq 0 ] && return 0
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || { echo "please install: sudo apt-get install ${missing[*]}"; return 0; }
        root=(sudo -n)
    fi
    may_install "${missing[@]}" || return 0
    echo "installing ${missing[*]}"
    # wireshark-common asks whether others than root may capture: the shipped answer (no) is taken.
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    "${apt[@]}" update </dev/null
    "${apt[@]}" install --no-install-recommends -y "${missing[@]}" </dev/null >"$LOGS/apt.log" 2>&1 \
        || { tail -20 "$LOGS/apt.log"; return 1; }
}

may_install() {
    [ "${CI:-}" = true ] && return 0
    [ -t 0 ] || return 0
    read -rp "install with apt: $*? [Y/n] " answer
    [[ "$answer" =~ ^([yY].*)?$ ]]
}

install_python() {
    local wanted=tests/strangers/requirements.txt
    cmp -s "$wanted" "$PYTHON/installed.txt" && return 0
    python3 -m venv "$PYTHON" && "$PYTHON/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" \
        && cp "$wanted" "$PYTHON/installed.txt"
}

prepare() { install_packages && install_python; }

need_cargo() {
    if ! cargo --version >/dev/null 2>&1; then
        echo "cargo is missing: see https://rustup.rs, then \`make test\` again" >&2
        exit 1
    fi
    local tool
    for tool in fmt clippy; do
        cargo "$tool" --version >/dev/null 2>&1 && continue
        echo "cargo $tool is missing: \`rustup component add rustfmt clippy\`" >&2
        exit 1
    done
}

# Runs one step, tells its seconds, and keeps what it said.
step() {
    local name=$1 began=$SECONDS ok=ok
    echo "== $name"
    "$name" </dev/null 2>&1 | tee "$LOGS/$name.log" || ok=FAILED
    count "$LOGS/$name.log"
    [ $ok = ok ] || broken+=("$name")
    times+=("$name $((SECONDS - began)) s $ok")
    echo "== $name: $((SECONDS - began)) s, $ok"
}

# Adds the figures of every test program in the log.
count() {
    local figures
    figures=$(sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored;.*/\1 \2 \3/p' "$1")
    while read -r one two three; do
        [ -n "$one" ] || continue
        passed=$((passed + one)) failed=$((failed + two)) skipped=$((skipped + three))
    done <<<"$figures"
    skipped=$((skipped + $(grep -c '^SKIPPED' "$1")))
}

passed=0 failed=0 skipped=0 broken=() times=()
mkdir -p "$LOGS"
need_cargo
step prepare
for name in "${@:-${STEPS[@]}}"; do
    [[ " ${STEPS[*]} " == *" $name "* ]] || { echo "no step $name; there are ${STEPS[*]}" >&2; exit 2; }
    step "$name"
done

echo
printf '%s\n' "${times[@]}" "all $SECONDS s"
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
if [ "$skipped" -gt 0 ] && [ "${CI:-}" = true ]; then broken+=(skipped); fi
[ "${#broken[@]}" -eq 0 ] || echo "not well: ${broken[*]}"
# A step that broke without a failed test, as clippy does, counts as one.
if [ "$failed" -eq 0 ]; then failed=${#broken[@]}; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
