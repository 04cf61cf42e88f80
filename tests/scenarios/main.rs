//! Every scenario in `sip-scenarios/`, played by sipp against an agent of its own: `ok NAME` or `FAIL NAME: why` a line,
//! then `N passed, N failed`. Words on the command line choose: a scenario whose name contains one of them is played.

#[path = "../common/certificates.rs"]
mod certificates;
#[path = "../common/process.rs"]
mod process;

mod agent;
mod expected;
mod play;
mod sipp;
mod tls;

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use expected::{every, Scenario};

/// Played at once: most of them wait for timers.
const AT_ONCE: usize = 5;
/// All of them together take no longer.
const LONGEST: Duration = Duration::from_secs(20 * 60);

fn main() -> ExitCode {
    if !process::installed("sipp") {
        process::skip("sipp is not installed");
        return ExitCode::SUCCESS;
    }
    // What went wrong is told in the scenario's own line.
    std::panic::set_hook(Box::new(|_| {}));
    let secure = process::installed("socat");
    if !secure {
        process::skip("socat is not installed: what sipp says by TLS is not played");
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let chosen = |one: &Scenario| words.is_empty() || words.iter().any(|word| one.title().contains(word));
    let meant = |one: &Scenario| chosen(one) && (secure || !one.is_secure());
    let all: VecDeque<Scenario> = match every() {
        Ok(all) => all.into_iter().filter(meant).collect(),
        Err(why) => {
            println!("FAIL expected.toml: {why}\n0 passed, 1 failed");
            return ExitCode::FAILURE;
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the real clock, around the agents and not in them")]
    let begun = Instant::now();
    let (passed, mut failed) = play_all(all);
    let took = begun.elapsed();
    if took > LONGEST {
        println!("FAIL all together: they took {} s, more than {} s", took.as_secs(), LONGEST.as_secs());
        failed += 1;
    }
    println!("{passed} passed, {failed} failed");
    ExitCode::from(u8::from(failed > 0 || passed == 0))
}

/// How many came as expected, and how many did not.
fn play_all(all: VecDeque<Scenario>) -> (usize, usize) {
    let (waiting, told) = (Mutex::new(all), Mutex::new((0, 0)));
    let next = || waiting.lock().unwrap().pop_front();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(scenario) = next() {
                    let (good, line) = verdict(&scenario);
                    let mut told = told.lock().unwrap();
                    println!("{line}");
                    match good {
                        true => told.0 += 1,
                        false => told.1 += 1,
                    }
                }
            });
        }
    });
    told.into_inner().unwrap()
}

fn verdict(scenario: &Scenario) -> (bool, String) {
    let name = scenario.title();
    match (play::play(scenario), &scenario.play.known_failure) {
        (Ok(()), None) => (true, format!("ok {name}")),
        (Err(why), None) => (false, format!("FAIL {name}: {why}")),
        (Err(_), Some(reason)) => (true, format!("ok {name} (known failure: {reason})")),
        (Ok(()), Some(_)) => (false, format!("FAIL {name}: passes now, take its known-failure out of expected.toml")),
    }
}
