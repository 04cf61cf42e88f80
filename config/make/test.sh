#!/usr/bin/env bash
# Runs every test, in the order in which a mistake is cheapest to find. `test.sh fmt unit` runs some of the steps.
# With CI=true a test that skips fails, and so does a run that takes longer than LONGEST; elsewhere a machine may be slow.
set -uo pipefail
cd "$(dirname "$0")/../.."

STEPS=(fmt clippy unit world malformed peers web devices scenarios lab flood)
LOGS=target/test-logs
PYTHON=target/peers
LONGEST=3300

fmt() { cargo fmt --check; }
clippy() { cargo clippy --locked --all-targets -- -D warnings; }
unit() { tests --lib --test architecture --test allocation --test soak --doc; }
world() { tests --test world; }
malformed() { tests --test malformed; }
peers() { tests --test cli --test wire --test peers && demo; }

# The page, in Chromium; one file after the other.
web() {
    local program
    for program in node npm "${CHROMIUM:=/usr/bin/chromium}"; do
        command -v "$program" >/dev/null || { echo "SKIPPED: no $program"; return 0; }
    done
    local modules=tests/web/node_modules
    [ -d $modules/playwright-core ] && cmp -s tests/web/package-lock.json $modules/installed.json || {
        npm ci --prefix tests/web --no-audit --no-fund --loglevel=error || return
        cp tests/web/package-lock.json $modules/installed.json
    }
    # With the example, as the lab: alone it would have other features of what it depends on, and all of that would be compiled anew.
    cargo build --locked --quiet --bin sottovoce --example demo || return
    local file well=0 report=$LOGS/web.tap
    : >"$report"
    for file in tests/web/*.test.mjs; do
        node --test "$file" | tee -a "$report" || well=1
    done
    awk '/^# pass /{passed += $3} /^# (fail|cancelled) /{failed += $3} END {print passed + 0 " passed, " failed + 0 " failed"}' "$report"
    return $well
}

# Calls through the null sinks of a sound server of their own.
devices() { tests --test devices; }

# A few seconds of each; `make flood` takes longer.
flood() { tests --test flood; }

# Networks of namespaces.
lab() { cargo build --locked --quiet --bin sottovoce --example demo && tests/lab/run.sh; }

scenarios() { cargo test --locked --quiet --test scenarios; }

# The three situations of the specification, between processes, with a real voice.
demo() {
    [ -e "${SPEECH:-}" ] || { echo "SKIPPED: no speech at ${SPEECH:-}"; return 0; }
    cargo run --locked --quiet --example demo >"$LOGS/demo.txt" 2>&1 || { tail -40 "$LOGS/demo.txt"; return 1; }
    tail -1 "$LOGS/demo.txt"
}

# cargo takes --doc only alone.
tests() {
    local targets=() doc=false
    for word in "$@"; do
        if [ "$word" = --doc ]; then doc=true; else targets+=("$word"); fi
    done
    cargo test --locked --no-fail-fast "${targets[@]}" || return
    if $doc; then cargo test --locked --doc; fi
}

# The peers in Python. Where Python cannot do that their tests skip.
prepare() {
    local wanted=tests/peers/requirements.txt
    python3 -m ensurepip --version >/dev/null 2>&1 || { echo "no python3-venv here"; return 0; }
    cmp -s "$wanted" "$PYTHON/installed.txt" && return 0
    python3 -m venv "$PYTHON" && "$PYTHON/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" \
        && cp "$wanted" "$PYTHON/installed.txt"
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
    figures=$(sed -nE -e 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored;.*/\1 \2 \3/p' \
        -e 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2 0/p' "$1")
    while read -r one two three; do
        [ -n "$one" ] || continue
        passed=$((passed + one)) failed=$((failed + two)) skipped=$((skipped + three))
    done <<<"$figures"
    skipped=$((skipped + $(grep -c '^SKIPPED' "$1")))
}

passed=0 failed=0 skipped=0 broken=() times=()
mkdir -p "$LOGS"
step prepare
for name in "${@:-${STEPS[@]}}"; do
    [[ " ${STEPS[*]} " == *" $name "* ]] || { echo "no step $name; there are ${STEPS[*]}" >&2; exit 2; }
    step "$name"
done

echo
printf '%s\n' "${times[@]}" "all $SECONDS s"
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
if [ "${CI:-}" = true ]; then
    [ "$skipped" -eq 0 ] || broken+=(skipped)
    [ "$SECONDS" -le "$LONGEST" ] || broken+=("more than $LONGEST s")
fi
[ "${#broken[@]}" -eq 0 ] || echo "not well: ${broken[*]}"
# A step that broke without a failed test, as clippy does, counts as one.
if [ "$failed" -eq 0 ]; then failed=${#broken[@]}; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
