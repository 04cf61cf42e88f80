//! Many calls at once: one agent on one core in as many protected calls of PCMU as are asked for, in real time. Run `make load`;
//! `cargo bench --bench load -- 250 30` takes 250 calls for 30 s.
//!
//! Core 0 has the agent, core 1 the peer and whoever looks on. The agent says itself how many frames left late; tcpdump, which sees
//! some of the flows on the wire, says it too.
#![allow(clippy::disallowed_methods)] // real clocks and real sockets, around the program and not in it

mod control;
#[path = "../../tests/common/process.rs"]
mod process;
mod wire;

use std::process::Command;
use std::time::{Duration, Instant};

use process::{finish, Home};
use serde_json::{json, Value};

/// Protected calls at once.
const CALLS: usize = 1000;
/// Of the time in which all run.
const SECONDS: u64 = 60;
/// A frame that leaves later than this after it was due is late.
const LATE: &str = "10 ms";
/// One frame in so many may be late.
const ONE_IN: u64 = 1000;
/// How long the machine is looked at before.
const CONTROL: Duration = Duration::from_secs(10);
/// The core of the agent that is measured.
const OURS: u32 = 0;
/// The core of its peer.
const THEIRS: u32 = 1;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let calls = numbers.next().map_or(CALLS, |calls| calls as usize);
    let seconds = numbers.next().unwrap_or(SECONDS);
    let mut verdict = Verdict::default();
    measure(calls, Duration::from_secs(seconds), &mut verdict);
    println!("{} passed, {} failed", verdict.passed, verdict.failed);
    std::process::exit(i32::from(verdict.failed > 0));
}

/// What held, and what did not.
#[derive(Default)]
struct Verdict {
    passed: u32,
    failed: u32,
}

impl Verdict {
    fn say(&mut self, holds: bool, what: &str) {
        let count = if holds { &mut self.passed } else { &mut self.failed };
        *count += 1;
        println!("{} {what}", if holds { "ok  " } else { "MISS" });
    }
}

fn measure(calls: usize, lasts: Duration, verdict: &mut Verdict) {
    pin(std::process::id(), OURS);
    println!("the machine by itself, a thread that wakes up each millisecond: {}", control::wake(CONTROL));
    let alice = agent("alice", calls);
    pin(std::process::id(), THEIRS);
    let bob = agent("bob", calls);
    alice.run(&["ask", &bob.entity(), "--approve", "ipsec esp/transport//require"]).expect(0);
    let began = Instant::now();
    let placed = place(&alice, &bob, calls);
    println!("{placed} calls in {:.1} s", began.elapsed().as_secs_f64());
    verdict.say(placed == calls, &format!("{placed} of {calls} calls stand, each under ESP with keys of its own"));
    let before = Figures::of(&alice, &bob);
    let seen = wire::watch(alice.address, bob.address, lasts);
    let after = Figures::of(&alice, &bob);
    judge(calls, &before, &after, verdict);
    judge_wire(&seen, verdict);
    let standing = established(&alice);
    verdict.say(standing == calls, &format!("{standing} of {calls} calls stand at the end"));
}

fn judge(calls: usize, before: &Figures, after: &Figures, verdict: &mut Verdict) {
    let seconds = (after.at - before.at).as_secs_f64();
    let since = |figure: fn(&Figures) -> u64| figure(after) - figure(before);
    let sent = since(|figures| figures.sent);
    let late = since(|figures| figures.late);
    let heard = since(|figures| figures.heard_by_peer);
    let core = 100.0 * (after.used - before.used).as_secs_f64() / seconds;
    println!(
        "{seconds:.0} s: {:.0} packets a second sent, {:.0} received, {core:.0} % of one core, {} MB resident",
        sent as f64 / seconds,
        since(|figures| figures.received) as f64 / seconds,
        after.resident / 1_000_000,
    );
    let meant = calls as f64 * 50.0 * seconds;
    // Counters are told twice a second, which is as much as they may lag behind.
    let lag = calls as u64 * 25;
    verdict.say((sent + lag) as f64 >= meant, &format!("{:.2} % of the frames were sent", 100.0 * sent as f64 / meant));
    verdict.say(
        late * ONE_IN <= sent,
        &format!("{late} of {sent} frames left more than {LATE} late: at most one in {ONE_IN}"),
    );
    verdict.say(heard + lag >= sent, &format!("{heard} of {sent} reached the peer and were believed"));
}

fn judge_wire(seen: &[wire::Flow], verdict: &mut Verdict) {
    if seen.is_empty() {
        return println!("tcpdump may not capture here: no witness");
    }
    let packets: usize = seen.iter().map(|flow| flow.late.len()).sum();
    let mut late: Vec<Duration> = seen.iter().flat_map(|flow| flow.late.iter().copied()).collect();
    late.sort_unstable();
    let at =
        |thousandths: usize| late.get(late.len() * thousandths / 1000).or(late.last()).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("on the wire, {} flows, {packets} packets after their turn: median {:.1} ms, p99 {:.1}, p99.9 {:.1}, worst {:.1}",
        seen.len(), ms(at(500)), ms(at(990)), ms(at(999)), ms(at(1000)));
    verdict.say(at(999) <= wire::LATE, &format!("tcpdump sees p99.9 at {:.1} ms; goal {LATE}", ms(at(999))));
}

/// What is counted, at one moment.
struct Figures {
    at: Instant,
    sent: u64,
    received: u64,
    late: u64,
    heard_by_peer: u64,
    used: Duration,
    resident: u64,
}

impl Figures {
    fn of(alice: &Home, bob: &Home) -> Self {
        Self {
            at: Instant::now(),
            sent: metric(alice, "packets_sent"),
            received: metric(alice, "packets_received"),
            late: metric(alice, "packets_sent_late"),
            heard_by_peer: metric(bob, "packets_received"),
            used: processor_time(alice.process()),
            resident: resident(alice.process()),
        }
    }
}

/// An agent that answers everybody whom the policy lets in, on the core that we have now.
fn agent(name: &'static str, calls: usize) -> Home {
    let mut home = Home::new(name, "none");
    let times = calls.div_ceil(16).max(1);
    let usual = home.usual("ipsec esp/transport//require;");
    home.configure(&format!(
        "{usual}[audio]\ncodecs = [\"pcmu\"]\n[limits]\ntimes = {times}\n[store]\nkind = \"memory\"\n"
    ));
    home.start();
    home
}

/// Places so many calls, as fast as they are answered; how many stand.
fn place(alice: &Home, bob: &Home, calls: usize) -> usize {
    let body = json!({ "peer": bob.entity() }).to_string();
    for _ in 0..calls {
        let (status, answer) = request(alice, "POST /v1/calls", &body);
        assert!(status < 300, "{answer}");
        let id = serde_json::from_str::<Value>(&answer).expect("JSON")["id"].as_str().expect("an id").to_owned();
        // One after the other: what is measured is the voice.
        let (_, call) = request(alice, &format!("GET /v1/calls/{id}?wait=20"), "");
        assert!(call.contains("\"active\""), "{call}");
    }
    established(alice)
}

fn established(home: &Home) -> usize {
    let (_, calls) = request(home, "GET /v1/calls", "");
    let calls: Value = serde_json::from_str(&calls).expect("JSON");
    let calls = calls["calls"].as_array().expect("calls");
    calls.iter().filter(|call| call["state"] == "active" && call["bundle"] == "esp").count()
}

fn request(home: &Home, what: &str, body: &str) -> (u16, String) {
    let (host, bearer) = (format!("{}:8060", home.address), format!("Bearer {}", home.token()));
    home.http_with(what, &[("Host", &host), ("Authorization", &bearer)], body)
}

/// A counter of an agent.
fn metric(home: &Home, name: &str) -> u64 {
    let (status, text) = request(home, "GET /v1/metrics", "");
    assert_eq!(status, 200, "{text}");
    let line = text.lines().find(|line| line.starts_with(&format!("sottovoce_{name} ")));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

/// Octets in memory now (proc_pid_statm(5), the second field, in pages of 4,096).
fn resident(process: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// What the process has used of all processors since it began, the system's work for it included (proc_pid_stat(5), fields
/// 14 and 15).
fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Every thread that it has, and those that they start.
fn pin(process: u32, core: u32) {
    let ran = finish(Command::new("taskset").args(["-apc", &core.to_string(), &process.to_string()]));
    assert_eq!(ran.code, 0, "{ran:?}");
}
