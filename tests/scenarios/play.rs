//! One scenario, from an agent that starts to one that still lives.

use std::net::Ipv4Addr;
use std::panic::{catch_unwind, AssertUnwindSafe};

use crate::agent::{approve, bob};
use crate::expected::{Play, Role, Scenario};
use crate::process::{finish, listens, wait_until, Home, Ran};
use crate::sipp::{address, Sipp};

/// # Errors
/// What did not come as written.
pub fn play(scenario: &Scenario) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| try_play(scenario))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    })
}

fn try_play(scenario: &Scenario) -> Result<(), String> {
    let play = &scenario.play;
    let at = address();
    let mut agent = bob(play, at, &scenario.transport);
    // With an account it speaks as soon as it runs.
    let at_once = play.role == Role::Callee || play.account.is_none();
    if at_once {
        agent.start();
    }
    if let Some(action) = &play.approved {
        approve(&agent, action, at);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut sipp = Sipp::start(scenario, at, agent.address, dir.path());
    if play.role == Role::Caller {
        wait_until(|| sipp.is_over() || listens(at, scenario.transport.starts_with('t')));
    }
    if !at_once {
        agent.start();
    }
    let mut stopped = false;
    let (heard, ran) = std::thread::scope(|scope| {
        let command = play.command.as_ref().map(|command| run(&agent, command, at));
        let running = command.map(|mut command| scope.spawn(move || finish(&mut command)));
        if let Some(then) = &play.then {
            let mark = dir.path().join("now");
            wait_until(|| mark.exists() || sipp.is_over());
            if mark.exists() {
                stopped = do_then(&mut agent, then, at);
            }
        }
        (sipp.finish(), running.map(|running| running.join().expect("the command did not panic")))
    });
    heard?;
    ran.map_or(Ok(()), |ran| check_command(play, &ran))?;
    match stopped {
        true => Ok(()),
        false => check_alive(&agent, play.open_calls),
    }
}

fn run(agent: &Home, words: &[String], sipp: Ipv4Addr) -> std::process::Command {
    let words: Vec<String> = words.iter().map(|word| word.replace("{sipp}", &sipp.to_string())).collect();
    let words: Vec<&str> = std::iter::once("--json").chain(words.iter().map(String::as_str)).collect();
    agent.command(&words)
}

/// `true` when the agent does not run any more.
fn do_then(agent: &mut Home, then: &[String], sipp: Ipv4Addr) -> bool {
    match then {
        [signal] if signal == "TERM" || signal == "INT" => {
            assert_eq!(agent.signal(signal), Some(0), "the agent stops when it is asked to");
            true
        }
        words => {
            finish(&mut run(agent, words, sipp)).expect(0);
            false
        }
    }
}

fn check_command(play: &Play, ran: &Ran) -> Result<(), String> {
    let shown = || format!("{}{}", ran.stdout.trim_end(), ran.stderr.trim_end()).chars().take(300).collect::<String>();
    if ran.code != play.exit {
        return Err(format!("the agent's command ended with {} and not {}: {}", ran.code, play.exit, shown()));
    }
    match &play.says {
        Some(word) if !ran.stdout.contains(word) => Err(format!("the agent does not say {word:?}: {}", shown())),
        _ => Ok(()),
    }
}

/// It answers its user, and no call is left that should not be; the media of the last one may take a moment to close.
fn check_alive(agent: &Home, open_calls: usize) -> Result<(), String> {
    const LOOKS: usize = 50;
    let mut open = 0;
    for _ in 0..LOOKS {
        let calls = agent.run(&["calls"]).expect(0).json();
        let over = |call: &&serde_json::Value| !matches!(call["state"].as_str(), Some("ended" | "failed"));
        open = calls["calls"].as_array().map_or(0, |calls| calls.iter().filter(over).count());
        if open == open_calls {
            return Ok(());
        }
    }
    Err(format!("{open} calls are open and not {open_calls}"))
}
