//! The numbers in `docs/limits.md` are those of the code.

use std::path::Path;

/// How a row of the tables begins, what it says (`{}` is the number), and the constant that has to be that: octets, seconds, or
/// how many.
const SAID: [(&str, &str, &str, &str); 89] = [
    ("refused callers that the user", "| {} in", "agent/call/turned_away.rs", "MOST"),
    ("codes that let a page in", "| {}, each", "app/control/pages.rs", "MOST_CODES"),
    ("codes that let a page in", "each for {} s", "app/control/pages.rs", "CODE_LIFE"),
    ("pages that are let in", "| {} |", "app/control/pages.rs", "MOST_SESSIONS"),
    ("messages that came by UDP", "| {} MiB", "io/fair_queue.rs", "LIMIT"),
    ("messages that came by UDP", "({} octets", "io/fair_queue.rs", "EACH"),
    ("messages that came by UDP", "in a line {} that", "io/fair_queue.rs", "PASS"),
    ("calls told at", "| {} each", "ui/cli/announce.rs", "CALLS_SAID"),
    ("messages that came by TCP", "| {} |", "io/signalling_loop/mod.rs", "INBOUND"),
    ("TCP and TLS connections", "| {}:", "io/tcp.rs", "MAX_CONNECTIONS"),
    ("TCP and TLS connections", "one address {};", "io/tcp.rs", "MAX_PER_REMOTE"),
    ("TCP and TLS connections", "; {} opened", "io/tcp.rs", "MAX_OPENED_TO"),
    ("messages for one connection", "| {} |", "io/tcp.rs", "QUEUE"),
    ("names by which a TLS", "| {} |", "io/tcp.rs", "MAX_ALIASES"),
    ("requests of user interfaces", "| {} |", "io/signalling_loop/mod.rs", "REQUESTS"),
    ("answers of store", "| {} |", "io/signalling_loop/mod.rs", "DONES"),
    ("name look-ups", "| {} |", "io/signalling_loop/mod.rs", "LOOKUPS"),
    ("events for one listener", "| {} |", "io/signalling_loop/mod.rs", "EVENTS"),
    ("store operations in", "| {};", "io/store/mod.rs", "QUEUE"),
    ("store operations in", "; {} that wait", "io/store/worker.rs", "GROUP"),
    ("store operations before", "| {} |", "io/signalling_loop/backlog.rs", "LIMIT"),
    ("store operations before", "from {} on", "io/signalling_loop/backlog.rs", "PAUSE"),
    ("store operations before", "cause {} wait", "io/signalling_loop/backlog.rs", "STRANGERS"),
    ("store operations before", "at {} |", "io/signalling_loop/backlog.rs", "ASKED"),
    ("legs of one media thread", "| {} |", "io/media_loop/carrier.rs", "MOST"),
    ("sources (SSRC) of one call", "; the {} that", "srtp/receiver.rs", "RECENT"),
    ("media threads", "| for {} s", "io/media_loop/crew.rs", "PATIENCE"),
    ("sound that waits", "| {} frames", "io/media_loop/recorder.rs", "WAITING"),
    ("voice that waits", "| {} packets", "media/playout/store.rs", "PACKETS"),
    ("peers of one user behind a gateway", "gateway | {} |", "media/forwarder.rs", "MAX_PEERS"),
    ("subscriptions to us", "us | {} |", "sip/endpoint/limits.rs", "NOTIFIERS"),
    ("subscriptions to us", "| {} | 503", "sip/endpoint/limits.rs", "NOTIFIERS_PER_ADDRESS"),
    ("subscriptions to us", "Retry-After {} |", "sip/endpoint/limits.rs", "RETRY_AFTER"),
    ("sessions", "sessions | {} |", "sip/endpoint/limits.rs", "SESSIONS"),
    ("sessions", "| {} | 503", "sip/endpoint/limits.rs", "SESSIONS_PER_ADDRESS"),
    ("calls, theirs", "| {}, of strangers", "agent/call/mod.rs", "MAX_OPEN"),
    ("calls, theirs", "of strangers {} |", "agent/call/mod.rs", "MAX_STRANGERS"),
    ("referrals", "| {}, of one call", "sip/endpoint/limits.rs", "REFERRALS"),
    ("referrals", "of one call {},", "sip/endpoint/limits.rs", "REFERRALS_PER_CALL"),
    ("requests, 32 s", "each | {}, or", "sip/endpoint/limits.rs", "SERVER_TRANSACTIONS"),
    ("requests, 32 s", "4,096, or {} MB |", "sip/endpoint/limits.rs", "UNASKED_OCTETS"),
    ("requests, 32 s", "MB | {}, or", "sip/endpoint/limits.rs", "SERVER_TRANSACTIONS_PER_ADDRESS"),
    ("requests, 32 s", "256, or {} MB |", "sip/endpoint/limits.rs", "TRANSACTION_OCTETS_PER_ADDRESS"),
    ("STUN", "of {} addresses", "sip/endpoint/flows.rs", "STUN_ASKERS"),
    ("STUN", "addresses | {} |", "sip/endpoint/flows.rs", "STUN_ANSWERS"),
    ("rows that strangers", "| {} a day", "agent/strangers.rs", "ROWS"),
    ("calls in the history", "| {}, of strangers", "io/store/history_rows.rs", "CALLS_LIMIT"),
    ("calls in the history", "of strangers {} |", "io/store/history_rows.rs", "STRANGERS_CALLS_LIMIT"),
    ("asks", "| {} open", "agent/ask.rs", "MAX_OPEN"),
    ("asks", "; {} remembered", "agent/ask.rs", "MAX_KEPT"),
    ("asks", "each {} steps", "agent/asks.rs", "MAX_STEPS"),
    ("asks", "first {} stay", "agent/asks.rs", "FIRST_STEPS"),
    ("devices of one peer", "| {} |", "agent/by_itself.rs", "MAX_DEVICES"),
    ("devices of one peer", "| {} |", "agent/watch.rs", "MAX_DEVICES"),
    ("watches", "| {} peers", "agent/watch.rs", "MAX_WATCHES"),
    ("followers in one list", "| {}, in", "presence/watcher_info/mod.rs", "MAX_WATCHERS"),
    ("followers in one list", "in {} KiB", "presence/xml.rs", "MAX_OCTETS"),
    ("followers in one list", "; {} that left", "agent/informed.rs", "MAX_GONE"),
    ("texts of ours", "| {};", "agent/texts.rs", "MAX_OPEN"),
    ("texts of ours", "; {} texts", "agent/texts.rs", "MAX_KEPT"),
    ("texts of others", "| {} a minute", "agent/texts.rs", "MOST_A_MINUTE"),
    ("digits of ours", "| {} |", "media/digits.rs", "MOST"),
    ("digits of a peer", "| {} at once", "media/digits.rs", "BURST"),
    ("accounts", "| {}, of which", "agent/added_account.rs", "MAX_ACCOUNTS"),
    ("accounts", "of which {} in", "app/config/account.rs", "MAX_ACCOUNTS"),
    ("callees of one INVITE", "| {} |", "sip/endpoint/prack.rs", "EARLY"),
    ("answers to one INVITE", "| {} |", "agent/call/early.rs", "MOST"),
    ("offers of ours", "| {} in a row", "sip/endpoint/offerer.rs", "GLARES"),
    ("looking for a peer", "| {} s,", "agent/call/lost.rs", "LIMIT"),
    ("proposals of peers", "| {}; of one", "agent/consider.rs", "MAX_WAITING"),
    ("proposals of peers", "one device {} in", "agent/consider.rs", "MAX_PROMPTS"),
    ("proposals of peers", "in {} s,", "agent/consider.rs", "SPAN"),
    ("proposals of peers", "of {} devices", "agent/consider.rs", "MAX_PROMPTERS"),
    ("watchers that left", "| {} |", "agent/waiting_watchers.rs", "MAX_WAITING"),
    ("contacts", "| {}, each", "agent/own_contacts.rs", "MAX_CONTACTS"),
    ("contacts", "with {} further", "agent/own_contacts.rs", "MAX_ADDRESSES"),
    ("groups", "| {} |", "agent/own_contacts.rs", "MAX_GROUPS"),
    ("ways to the other side", "| {} candidates", "sdp/ice.rs", "MAX"),
    ("ways to the other side", "; {} addresses", "ice/traversal.rs", "PLACES"),
    ("TCP connections for media", "| {} of one call |", "io/media_loop/by_tcp.rs", "CONNECTIONS"),
    ("handshakes of DTLS", "| {} of one call |", "media/keying.rs", "MOST_ELSEWHERE"),
    ("a frame of ESP", "| {} octets |", "ipsec/framed.rs", "MOST"),
    ("what waits to be sent", "| {} octets |", "io/media_loop/by_tcp.rs", "UNSENT"),
    ("addresses of the other side that a server", "| {} of one call |", "ice/relay.rs", "CHANNELS"),
    ("servers of STUN", "| {} |", "app/config/nat.rs", "SERVERS"),
    ("tunnels of a gateway", "| {}, unless", "app/config/gateway.rs", "TUNNELS"),
    ("tunnels of a gateway", "number, {} at most", "app/config/gateway.rs", "MAX_TUNNELS"),
    ("places to which", "| {}, of", "sip/target_set.rs", "MOST"),
    ("places to which", "of {} Contacts", "sip/target_set.rs", "CONTACTS"),
];

/// Rows whose number is no constant: one under way and one waiting; once a minute.
const OTHERWISE: [&str; 2] = ["notifications for one subscriber", "REFERs outside"];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What is wrong with one line of [`SAID`].
fn disagreement(rows: &str, source: &str, (row, says, file, name): (&str, &str, &str, &str)) -> Option<String> {
    let Some(number) = constant(source, name) else { return Some(format!("{file}: there is no number {name}")) };
    let unit =
        [("{} M", 1 << 20), ("{} K", 1 << 10)].iter().find(|(unit, _)| says.contains(unit)).map_or(1, |unit| unit.1);
    let expected = says.replace("{}", &with_commas(number / unit));
    let agrees = rows.lines().any(|line| begins(line, row) && line.contains(&expected) && number % unit == 0);
    (!agrees).then(|| {
        format!("docs/limits.md, \"{row}\": {file} has {name} = {number}, so \"{expected}\" is to stand there")
    })
}

fn begins(line: &str, row: &str) -> bool {
    line.strip_prefix("| ").is_some_and(|line| line.starts_with(row))
}

/// `const NAME: T = 4 << 20;`, a product, or a `Duration::from_secs` of one.
fn constant(source: &str, name: &str) -> Option<u64> {
    let (_, rest) = source.split_once(&format!("const {name}: "))?;
    let (text, _) = rest.split_once(" = ")?.1.split_once(';')?;
    let text = text.strip_prefix("Duration::from_secs(").map_or(text, |text| text.trim_end_matches(')'));
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().ok();
    match text.split_once("<<") {
        Some((number_of, bits)) => number(number_of)?.checked_shl(number(bits)? as u32),
        None => text.split('*').map(number).product(),
    }
}

/// 4096 is `4,096`.
fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let parts = digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).unwrap());
    parts.collect::<Vec<_>>().join(",")
}

#[test]
fn the_documented_limits_are_those_of_the_code() {
    let rows = read("docs/limits.md");
    let wrong: Vec<String> =
        SAID.into_iter().filter_map(|said| disagreement(&rows, &read(&format!("src/{}", said.2)), said)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_with_a_number_is_held_against_the_code() {
    let known: Vec<&str> = SAID.iter().map(|said| said.0).chain(OTHERWISE).collect();
    let rows = read("docs/limits.md");
    let numbered = |line: &&str| {
        line.starts_with("| ") && line.split('|').skip(2).any(|cell| cell.contains(|c: char| c.is_ascii_digit()))
    };
    let loose: Vec<&str> =
        rows.lines().filter(numbered).filter(|line| !known.iter().any(|row| begins(line, row))).collect();
    assert!(loose.is_empty(), "{loose:#?}");
}

#[test]
fn a_number_that_is_not_that_of_the_code_is_found() {
    let source = "const ONE: usize = 1024;\npub(crate) const TWO: u64 = 3 * 1024 * 1024;\nconst T: Duration = Duration::from_secs(2 * 60);";
    assert_eq!(["ONE", "TWO", "T"].map(|name| constant(source, name)), [Some(1024), Some(3 << 20), Some(120)]);
    assert_eq!(constant("const A: usize = 4 << 20;", "A"), Some(4 << 20));
    let row = "| things | 1,024, for 120 s, 3 MiB, 1 KiB | they wait |";
    for (says, name, right) in [
        ("| {}, for", "ONE", true),
        ("for {} s", "T", true),
        ("{} MiB", "TWO", true),
        ("{} KiB", "ONE", true),
        ("{} KiB", "TWO", false),
        ("{} KiB", "T", false),
        ("| {}, for", "T", false),
        ("| {}, for", "THREE", false),
    ] {
        assert_eq!(disagreement(row, source, ("things", says, "a.rs", name)).is_none(), right, "{says} {name}");
    }
    assert!(disagreement(row, source, ("other", "| {}, for", "a.rs", "ONE")).is_some());
}
