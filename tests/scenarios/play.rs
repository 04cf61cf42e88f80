//! One scenario, from an agent that starts to one that still lives.

use std::net::Ipv4Addr;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::agent::{approve, bob};
use crate::expected::{Play, Scenario};
use crate::process::{finish, listens, own_address, wait_until, Home, Ran};
use crate::sipp::Sipp;
use crate::tls::Between;

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
    let dir = tempfile::tempdir().unwrap();
    let (mut agent, sipp, _between) = meet(scenario, own_address(), dir.path());
    perform(play, &mut agent, sipp, dir.path())?;
    match agent.runs() {
        true => check_alive(&agent),
        false => Ok(()),
    }
}

/// Who waits begins: the agent for sipp as its caller, sipp for an agent that speaks as soon as it runs.
fn meet(scenario: &Scenario, at: Ipv4Addr, dir: &Path) -> (Home, (Sipp, Ipv4Addr), Option<Between>) {
    let play = &scenario.play;
    let mut agent = bob(play, at, &scenario.transport);
    let between = scenario.is_secure().then(|| Between::start(&agent, at, dir));
    let registers = play.account.is_some();
    if !registers {
        agent.start();
    }
    if let Some(action) = &play.approved {
        approve(&agent, action, at, play.approved_as.as_deref());
    }
    let mut sipp = Sipp::start(scenario, at, agent.address, dir);
    if play.agent_begins() {
        wait_until(|| sipp.is_over() || listens(at, scenario.transport != "u1"));
    }
    if registers {
        agent.start();
    }
    (agent, (sipp, at), between)
}

/// sipp plays; meanwhile the agent's user does his part.
fn perform(play: &Play, agent: &mut Home, (mut sipp, at): (Sipp, Ipv4Addr), dir: &Path) -> Result<(), String> {
    let command = play.command.as_ref().map(|words| command(agent, words, at));
    let mut said = None;
    let (heard, ran) = std::thread::scope(|scope| {
        let running = command.map(|mut command| scope.spawn(move || finish(&mut command)));
        for (name, then) in [("now", &play.then), ("later", &play.later)] {
            let Some(then) = then else { continue };
            let mark = dir.join(name);
            wait_until(|| mark.exists() || sipp.is_over());
            // What sipp executes runs beside it, and may come later than its end.
            if mark.exists() || (0..200).any(|_| exists_soon(&mark)) {
                said = said.take().or(do_then(agent, then, at));
            }
        }
        (sipp.finish(), running.map(|running| running.join().unwrap()))
    });
    heard?;
    check_said(play.then_says.as_deref(), &said.map(|ran| ran.stdout).unwrap_or_default())?;
    ran.map_or(Ok(()), |ran| check_command(play, &ran))
}

fn exists_soon(mark: &Path) -> bool {
    std::thread::sleep(Duration::from_millis(10));
    mark.exists()
}

fn command(agent: &Home, words: &[String], sipp: Ipv4Addr) -> Command {
    let mut command = agent.command(&["--json"]);
    command.args(words.iter().map(|word| word.replace("{sipp}", &sipp.to_string())));
    command
}

fn do_then(agent: &mut Home, then: &[String], sipp: Ipv4Addr) -> Option<Ran> {
    match then {
        [signal] if signal == "TERM" || signal == "INT" => {
            assert_eq!(agent.signal(signal), Some(0), "the agent does not stop as it should");
            None
        }
        words => Some(finish(&mut command(agent, words, sipp)).expect(0)),
    }
}

fn check_command(play: &Play, ran: &Ran) -> Result<(), String> {
    if ran.code != play.exit {
        return Err(format!(
            "the agent's command ended with {} and not {}: {}",
            ran.code,
            play.exit,
            short(&ran.stdout)
        ));
    }
    check_said(play.says.as_deref(), &ran.stdout)
}

fn check_said(word: Option<&str>, said: &str) -> Result<(), String> {
    match word {
        Some(word) if !said.contains(word) => Err(format!("the agent does not say {word:?}: {}", short(said))),
        _ => Ok(()),
    }
}

fn short(said: &str) -> String {
    said.trim_end().chars().take(300).collect()
}

/// It answers its user, and no call is left; the media of the last one may take a moment to close.
fn check_alive(agent: &Home) -> Result<(), String> {
    const LOOKS: usize = 50;
    let over = |call: &serde_json::Value| matches!(call["state"].as_str(), Some("ended" | "failed"));
    let left = || !agent.run(&["calls"]).expect(0).json()["calls"].as_array().unwrap().iter().all(over);
    match (0..LOOKS).any(|_| !left()) {
        true => Ok(()),
        false => Err("a call is still open".to_owned()),
    }
}
