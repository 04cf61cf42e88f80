//! So many live subscriptions to one agent: octets each, and the time to notify all of them. Run
//! `cargo bench --bench subscriptions`; a number as its argument is how many, 50,000 without one.
//!
//! Twice: the endpoint alone (RFC 6665, transactions, dialogs), which is told what to say; and the whole agent, which signs a
//! statement for each watcher itself.
#![allow(clippy::disallowed_methods)] // the real clock, around what is measured and not in it

mod agent;
mod counting;
mod endpoint;
mod watchers;

use std::time::{Duration, Instant};

use sottovoce::vocab::{Mono, Now, Wall};

fn main() {
    let number = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(50_000);
    endpoint::measure(number);
    agent::measure(number);
}

/// Two minutes apart, so that no transaction is left of the minute before.
fn minute(number: u64) -> Now {
    Now { mono: Mono(Duration::from_secs(120 * number)), wall: Wall(1_800_000_000_000 + 120_000 * number) }
}

fn timed<T>(what: &str, number: usize, run: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = run();
    let took = begun.elapsed();
    println!(
        "  {what:44} {:8.0} ms {:8.1} us each",
        took.as_secs_f64() * 1e3,
        took.as_secs_f64() * 1e6 / number as f64
    );
    result
}

fn octets(what: &str, number: usize, held: usize) {
    println!("  {what:44} {:8.1} MB {:8} octets each", held as f64 / 1e6, held / number);
}
