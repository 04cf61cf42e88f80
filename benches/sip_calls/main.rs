//! INVITE, 200, ACK, BYE, 200: how many a second one agent serves on one core, answering each at once with real sockets for
//! voice. Run `cargo bench --bench sip_calls`; numbers as its arguments are other rates than the usual ones.
//!
//! Core 0 has the agent, core 1 whoever calls: a driver of our own at every rate, and sipp before it up to [`SIPP`] calls a
//! second, where it ends. Beside it what sipp itself serves on that core, which has no voice, no policy and no memory of what it answered.
#![allow(clippy::disallowed_methods)] // real clocks and real sockets, around the program and not in it

mod driver;
#[path = "../../tests/common/process.rs"]
mod process;
mod sipp;

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use driver::{Done, Driver};
use process::{finish, installed, own_address, Home};

const RATES: [u64; 9] = [250, 500, 1000, 1500, 2000, 3000, 4000, 5000, 6000];
/// Calls a second that sipp makes on one core.
const SIPP: u64 = 4000;
/// Each rate.
const LASTS: Duration = Duration::from_secs(5);
const GOAL: u64 = 5000;
/// The core of whoever is called.
const SERVES: u32 = 0;
/// The core of whoever calls.
const CALLS: u32 = 1;

fn main() {
    let rates: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let rates = if rates.is_empty() { RATES.to_vec() } else { rates };
    pin(std::process::id(), SERVES);
    let ours = agent();
    pin(std::process::id(), CALLS);
    println!("calls a second, for {} s each; goal {GOAL}, and none failed at 80 % of it", LASTS.as_secs());
    println!(
        "{:>8}{:>10}{:>12}{:>9}{:>9}{:>12}{:>12}{:>12}",
        "offered", "by", "completed", "failed", "resent", "median", "worst", "CPU a call"
    );
    let best = climb("sottovoce", ours.process(), SocketAddr::from((ours.address, 5060)), &rates);
    drop(ours);
    let Some(peer) = sipp::Server::start(own_address()) else { return println!("sipp is not installed: no peer") };
    pin(peer.process(), SERVES);
    let theirs = climb("sipp -sn uas", peer.process(), peer.address(), &rates);
    println!(
        "without a failed call: sottovoce {best}, sipp {theirs} ({:.1} times ours)",
        theirs as f64 / best.max(1) as f64
    );
}

/// The highest rate at which no call failed and none was late by more than a tenth of the time.
fn climb(name: &str, process: u32, to: SocketAddr, rates: &[u64]) -> u64 {
    println!("{name}:");
    let mut driver = Driver::new(own_address(), to);
    let mut best = 0;
    for rate in rates {
        if *rate <= SIPP && installed("sipp") {
            sipp::Client::new(own_address(), to).run(*rate, LASTS);
        }
        let before = processor_time(process);
        let done = driver.run(*rate, LASTS);
        show(*rate, &done, processor_time(process) - before);
        if done.failed > 0 || done.seconds > LASTS.as_secs_f64() * 1.1 {
            break;
        }
        best = *rate;
    }
    best
}

fn show(rate: u64, done: &Done, used: Duration) {
    let mut after = done.answered_after.clone();
    after.sort();
    let at = |part: usize| after.get(after.len() * part / 100).or(after.last()).copied().unwrap_or_default();
    println!(
        "{rate:8}{:>10}{:>10.0}/s{:9}{:9}{:>12}{:>12}{:>12}",
        "driver",
        done.completed as f64 / done.seconds,
        done.failed,
        done.resent,
        format!("{:.1} ms", at(50).as_secs_f64() * 1e3),
        format!("{:.1} ms", at(100).as_secs_f64() * 1e3),
        format!("{:.0} us", used.as_secs_f64() * 1e6 / done.completed.max(1) as f64),
    );
    if !done.refused.is_empty() {
        println!("         refused with {:?}", done.refused);
    }
}

/// What the process has used of all processors since it began, the system's work for it included (proc_pid_stat(5), fields
/// 14 and 15). Other programs on this core make calls late and leave this nearly as it is.
fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// An agent that answers everybody without protection, on the core that we have now.
fn agent() -> Home {
    let mut home = Home::new("bob", "none");
    home.configure(&format!("{}[limits]\ntimes = 2000\n[store]\nkind = \"memory\"\n", home.usual("none;")));
    home.start();
    home
}

/// Every thread that it has, and those that they start.
fn pin(process: u32, core: u32) {
    let ran = finish(Command::new("taskset").args(["-apc", &core.to_string(), &process.to_string()]));
    assert_eq!(ran.code, 0, "{ran:?}");
}
