//! Time to read an INVITE of 1 kB, to read it with five typed headers, and to write it, beside three other libraries.
//!
//! `sottovoce parse`, `typed` or `write` as the arguments runs that alone, 20,000 times: for a profiler.

mod invite;
mod readers;

use std::hint::black_box;
use std::time::Instant;

use readers::{Reader, Rsip, Rsipstack, SipxSip, Sottovoce};

/// What is asked of us, in ns.
const GOALS: [f64; 3] = [700.0, 1200.0, 200.0];
/// Rounds in which everybody has a turn, so that a slow moment of the machine meets all. Each is short, and the fastest
/// counts: no other process ran in between.
const ROUNDS: usize = 500;
const REPEATS: u32 = 100;

fn main() {
    let octets = invite::invite();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["sottovoce", task] => alone(&octets, task),
        _ => compare(&octets),
    }
}

fn alone(octets: &[u8], task: &str) {
    let message = Sottovoce::read(octets);
    for _ in 0..20_000 {
        match task {
            "parse" => drop(black_box(Sottovoce::read(black_box(octets)))),
            "typed" => drop(black_box(Sottovoce::typed(&Sottovoce::read(black_box(octets))))),
            "write" => drop(black_box(Sottovoce::write(black_box(&message)))),
            _ => panic!("{task} is none of parse, typed and write"),
        }
    }
}

fn compare(octets: &[u8]) {
    let measures: [(&str, fn(&[u8]) -> [f64; 3]); 4] = [
        (Sottovoce::NAME, time::<Sottovoce>),
        (SipxSip::NAME, time::<SipxSip>),
        (Rsipstack::NAME, time::<Rsipstack>),
        (Rsip::NAME, time::<Rsip>),
    ];
    let rounds: Vec<_> = (0..ROUNDS).map(|_| measures.map(|(_, measure)| measure(octets))).collect();
    let fastest = |who: usize, task: usize| rounds.iter().map(|round| round[who][task]).fold(f64::INFINITY, f64::min);
    println!("One INVITE of {} octets; the fastest of {ROUNDS} x {REPEATS}, in ns (how many times ours)", octets.len());
    println!("{:18}{:>18}{:>24}{:>18}", "", "parse", "parse + 5 typed", "write");
    for (who, (name, _)) in measures.iter().enumerate() {
        let cell = |task: usize| format!("{:.0} ({:.1})", fastest(who, task), fastest(who, task) / fastest(0, task));
        println!("{name:18}{:>18}{:>24}{:>18}", cell(0), cell(1), cell(2));
    }
    println!("{:18}{:>18}{:>24}{:>18}", "goal", GOALS[0], GOALS[1], GOALS[2]);
}

/// Nanoseconds of each task.
fn time<R: Reader>(octets: &[u8]) -> [f64; 3] {
    let message = R::read(octets);
    assert_eq!(R::write(&message).as_ref().len(), octets.len(), "{} writes what it read", R::NAME);
    [
        each(|| drop(black_box(R::read(black_box(octets))))),
        each(|| {
            let message = R::read(black_box(octets));
            black_box(R::typed(&message));
        }),
        each(|| drop(black_box(R::write(black_box(&message))))),
    ]
}

fn each(mut run: impl FnMut()) -> f64 {
    (0..REPEATS / 10).for_each(|_| run());
    let begun = Instant::now();
    (0..REPEATS).for_each(|_| run());
    begun.elapsed().as_nanos() as f64 / f64::from(REPEATS)
}
