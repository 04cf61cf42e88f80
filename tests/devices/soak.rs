//! A call that lasts, through the sound server: `SOAK_SECONDS` of it, by `make soak` an hour.

use std::time::Duration;

use crate::calls::Call;
use crate::process::Home;
use crate::server::Server;
use crate::sound::gaps;

/// Each stretch that is listened to.
const STRETCH: Duration = Duration::from_secs(5);
/// Fewer stretches than that tell little about one in twenty.
const FEW: usize = 20;
/// Stretches in which the program loads what it needs: they do not count as growth.
const SETTLED: u64 = 2;

#[test]
fn a_call_that_lasts_neither_grows_nor_has_gaps() {
    let seconds = std::env::var("SOAK_SECONDS").ok().map_or(25, |text| text.parse().expect("SOAK_SECONDS is a number"));
    let Some(server) = Server::start() else { return };
    server.plug("mouth");
    server.plug("ear");
    let mut alice = server.agent("alice", "input = \"device:mouth.monitor\"");
    let mut bob = server.agent("bob", "output = \"device:ear\"");
    alice.start();
    bob.start();
    let call = Call::place_for(&alice, &bob, seconds + 60);
    let _voice = server.play("mouth", 1000.0);
    server.listen("ear").wait_for_sound();
    let (mut settled, mut heard) = (0, Vec::new());
    for stretch in 1..=seconds / STRETCH.as_secs() {
        heard.push(gaps(&server.hear("ear", STRETCH), 1000.0));
        let memory = resident(&[&alice, &bob]);
        if stretch == SETTLED {
            settled = memory;
        }
        if stretch.is_multiple_of(60) {
            println!("{} s: memory {memory} kB, gaps {:.2} %", stretch * STRETCH.as_secs(), mean(&heard));
        }
    }
    let last = resident(&[&alice, &bob]);
    let packets = bob.run(&["calls"]).expect(0).json()["calls"][0]["packets"].clone();
    println!("{seconds} s: memory {settled} kB, then {last} kB; gaps {:.2} %; {packets}", mean(&heard));
    // Others use the machine too: of few stretches half are whole, of many nineteen in twenty.
    heard.sort_by(f64::total_cmp);
    let whole = if heard.len() < FEW { heard.len() / 2 } else { heard.len() * 19 / 20 };
    let gaps = heard.get(whole).copied().unwrap_or(100.0);
    assert!(gaps <= 0.2, "{gaps} % of gaps: {heard:?}");
    assert!(last < settled + 1024, "memory went from {settled} to {last} kB");
    assert!(packets["dropped"].as_object().is_some_and(serde_json::Map::is_empty), "{packets}");
    call.end(&alice);
}

fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / all.len() as f64
}

/// Of both agents together, in kB: what is their own. Pages of their code come and go.
fn resident(agents: &[&Home]) -> u64 {
    let of = |agent: &&Home| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", agent.process())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap().to_owned();
        line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap()
    };
    agents.iter().map(of).sum()
}
