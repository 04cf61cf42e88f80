//! The three embodiments of the specification, told while they happen.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::agent::{Agent, Setting};
use super::capture::{count, Capture, Wire};
use super::heard::correlation;
use super::place::{Place, Where, Who};
use super::report::Embodiment;
use super::speech::{self, Speech, CALL_RATE};

/// The second user's choice (FIG. 13).
const BOTH: &str = "ipsec ah/transport//require esp/transport//require";
const ESP: &str = "ipsec esp/transport//require";

/// The program, and where the demo leaves what it made.
pub struct Folders {
    pub program: PathBuf,
    pub kept: PathBuf,
    pub temporary: PathBuf,
}

pub struct Story<'a> {
    place: &'a Place,
    folders: &'a Folders,
    alice: Agent<'a>,
    bob: Agent<'a>,
    alice_speech: Speech,
    bob_speech: Speech,
    /// One control door each; on loopback they share an address.
    doors: [u16; 2],
    /// Whether frames can be captured here.
    captures: bool,
    /// What the wire looked like, a line a call.
    summary: String,
    pub told: Vec<Embodiment>,
}

/// What the wire has to look like.
type Demand = fn(&Wire) -> bool;

/// What is heard is compared sample by sample, and packets are looked into: G.711 leaves both as they are.
const CODECS: &str = "codecs = [\"pcmu\", \"pcma\"]\n";

impl<'a> Story<'a> {
    pub fn new(place: &'a Place, folders: &'a Folders) -> Result<Self, String> {
        let agent =
            |who: Who| Agent::new(place, who, &folders.program, folders.temporary.join(who.name()), &folders.kept);
        Ok(Self {
            place,
            folders,
            alice: agent(Who::Alice)?,
            bob: agent(Who::Bob)?,
            alice_speech: Speech::join(0, folders.kept.join("alice-says.wav"))?,
            bob_speech: Speech::join(4, folders.kept.join("bob-says.wav"))?,
            doors: free_ports()?,
            captures: false,
            summary: String::new(),
            told: Vec::new(),
        })
    }

    pub fn play(&mut self) -> Result<(), String> {
        let addresses = self.place.addresses();
        self.captures = self.can_capture();
        self.prologue();
        let alice =
            Setting { address: addresses.alice, control_port: self.doors[0], more: &format!("[audio]\n{CODECS}") };
        let log = self.folders.kept.join("alice.log");
        self.alice.start(&alice, &log, self.packet_log(Who::Alice).as_deref())?;
        self.both_in_office(addresses.bob_office)?;
        self.peer_outside(addresses.bob_outside)?;
        self.peer_demands_more(addresses.bob_office)?;
        self.bob.stop()?;
        self.alice.stop()
    }

    fn prologue(&self) {
        let addresses = self.place.addresses();
        heading("Two agents, two data directories, one voice each way");
        println!("Alice is at {}, in the office. Bob starts there too, at {},", addresses.alice, addresses.bob_office);
        println!("and will carry his device to {} outside. Each has a configuration and a", addresses.bob_outside);
        println!("database of their own; every command below is what a user types, and is carried out for real.");
        let seen = if self.captures { "a capture between them" } else { "the agents' own packet logs" };
        println!("Where: {}. The wire is watched by {seen}.", self.place.kind.name());
        println!(
            "Alice says {:.1} s of Debian's test sentences, Bob {:.1} s in another order.",
            self.alice_speech.seconds(),
            self.bob_speech.seconds()
        );
    }

    fn both_in_office(&mut self, bob: &str) -> Result<(), String> {
        heading("1. Both are in the office, and no protection is approved as it is");
        println!("Bob's policy for everybody is `none`. Alice asks for his presence and policy (FIG. 3 to 5) and sees");
        println!("both side by side (FIG. 9, 8). Nobody sits at this terminal, so the review waits: exit code 4.");
        self.start_bob(bob)?;
        self.alice.types(&["ask", bob], 4)?;
        println!("\nBoth are on the same private network: she approves from another terminal, and it is registered (FIG. 7).");
        self.approve(None)?;
        self.alice.types(&["policy", "list"], 0)?;
        self.call("both-in-office", bob, false, |wire| wire.rtp > 0 && wire.esp + wire.ah + wire.ah_esp == 0)
    }

    fn peer_outside(&mut self, bob: &str) -> Result<(), String> {
        heading("2. Bob is outside: the user tightens what he asks for");
        println!(
            "Bob carries his device out of the office. His policy is still `none`. Alice sees where he is (FIG. 11)"
        );
        println!("and that this is too weak (FIG. 12).");
        self.bob.stop()?;
        self.place.move_bob_outside()?;
        self.start_bob(bob)?;
        self.alice.types(&["ask", bob], 4)?;
        println!("\nShe demands AH and ESP instead (FIG. 13). Nothing is negotiated: tighter than asked is accepted.");
        self.approve(Some(BOTH))?;
        self.call("peer-outside", bob, false, |wire| wire.ah_esp > 0 && wire.rtp + wire.rtcp + wire.esp + wire.ah == 0)
    }

    fn peer_demands_more(&mut self, bob: &str) -> Result<(), String> {
        heading("3. Bob demands more than Alice approved");
        println!(
            "Bob is back in the office, where Alice has approved `none`. Now he changes his mind: ESP for everybody."
        );
        self.bob.stop()?;
        self.place.move_bob_back()?;
        self.start_bob(bob)?;
        self.bob.types(&["policy", "default", ESP], 0)?;
        println!("\nAlice does not know, and calls. Bob's agent refuses (488) and says which rule is missing:");
        self.call("peer-demands-more", bob, true, |wire| {
            wire.esp > 0 && wire.rtp + wire.rtcp + wire.ah + wire.ah_esp == 0
        })
    }

    /// Another process of Alice's answers what waits.
    fn approve(&self, rules: Option<&str>) -> Result<(), String> {
        let review = self.alice.waiting_review()?;
        let answer = ["review", "answer", &review, "--approve"];
        self.alice.types(&[&answer[..], rules.as_slice()].concat(), 0)
    }

    /// Calls, compares what was said with what was heard, and looks at the wire.
    fn call(&mut self, name: &str, bob: &str, refused: bool, demand: Demand) -> Result<(), String> {
        let capture = self.folders.kept.join(format!("{name}.pcap"));
        let capture = self.captures.then(|| Capture::start(self.place, capture)).flatten();
        let before = self.logged();
        let recording = self.folders.kept.join(format!("{name}-alice-hears.wav"));
        self.place_call(bob, &recording, refused)?;
        let (caller, callee) = (self.alice.last_call(30)?, self.bob.last_call(10)?);
        self.alice.types(&["calls"], 0)?;
        let bob_recording = self.folders.kept.join(format!("{name}-bob-hears.wav"));
        copy(&self.bob_hears(), &bob_recording)?;
        let wire = match capture {
            Some(capture) => capture.finish()?,
            None => self.count_logs(before)?,
        };
        let heard = [
            correlation(&self.alice_speech.samples, &speech::read(&bob_recording, CALL_RATE)?)?,
            correlation(&self.bob_speech.samples, &speech::read(&recording, CALL_RATE)?)?,
        ];
        self.report(name, [&caller, &callee], heard, &wire)?;
        match demand(&wire) {
            true => Ok(()),
            false => Err(format!("{name}: the wire does not look as the policy demands: {wire}")),
        }
    }

    fn place_call(&self, bob: &str, recording: &Path, refused: bool) -> Result<(), String> {
        let longest = self.alice_speech.seconds().max(self.bob_speech.seconds());
        let duration = format!("{:.1}", longest + 0.7);
        let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (play, record) = (name(&self.alice_speech.file), name(recording));
        let call = ["call", bob, "--play", &play, "--record", &record, "--duration", &duration];
        if !refused {
            return self.alice.types(&call, 0);
        }
        self.alice.types(&call, 4)?;
        println!("\nThe call waits for her. One step, from another terminal: exactly the missing rule. Then it goes through.");
        self.approve(Some(ESP))
    }

    fn report(&mut self, name: &str, ends: [&Value; 2], heard: [f64; 2], wire: &Wire) -> Result<(), String> {
        println!("\nBoth heard each other: correlation {:.4} at Bob's, {:.4} at Alice's ear.", heard[0], heard[1]);
        println!("On the wire: {wire}.");
        self.summary.push_str(&format!("{name}: {wire}\n"));
        self.told.push(Embodiment::new(name, ends, heard));
        let file = self.folders.kept.join("wire.txt");
        std::fs::write(&file, &self.summary).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// His agent answers by itself, says his sentences, and records.
    fn start_bob(&mut self, address: &str) -> Result<(), String> {
        let more = format!(
            "[audio]\ninput = \"file:{}\"\noutput = \"file:{}\"\n{CODECS}[answer]\nmode = \"auto\"\n\
             [policy]\ndefault = [\"spdadd any any any -P out none;\"]\n",
            self.bob_speech.file.display(),
            self.bob_hears().display(),
        );
        let log = self.folders.kept.join("bob.log");
        let packets = self.packet_log(Who::Bob);
        let setting = Setting { address, control_port: self.doors[1], more: &more };
        self.bob.start(&setting, &log, packets.as_deref())
    }

    fn bob_hears(&self) -> PathBuf {
        self.folders.temporary.join("bob-hears.wav")
    }

    fn can_capture(&self) -> bool {
        let file = self.folders.kept.join("probe.pcap");
        let works = self.place.kind != Where::Loopback && Capture::start(self.place, file.clone()).is_some();
        let _ = std::fs::remove_file(file);
        works
    }

    /// Each of Bob's agents begins a new one.
    fn packet_log(&self, who: Who) -> Option<PathBuf> {
        let name = match who {
            Who::Alice => "alice-sends.pcap".to_owned(),
            Who::Bob => format!("bob-sends-{}.pcap", self.told.len() + 1),
        };
        (!self.captures).then(|| self.folders.kept.join(name))
    }

    /// How long both logs are by now.
    fn logged(&self) -> [usize; 2] {
        let length =
            |who| self.packet_log(who).and_then(|file| file.metadata().ok()).map_or(0, |file| file.len() as usize);
        [length(Who::Alice), length(Who::Bob)]
    }

    fn count_logs(&self, before: [usize; 2]) -> Result<Wire, String> {
        let mut wire = Wire::default();
        for (who, from) in [Who::Alice, Who::Bob].into_iter().zip(before) {
            if let Some(file) = self.packet_log(who) {
                count(&file, from, &mut wire)?;
            }
        }
        Ok(wire)
    }
}

fn heading(text: &str) {
    println!("\n\n━━━ {text} {}\n", "━".repeat(112_usize.saturating_sub(text.chars().count())));
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::copy(from, to).map(drop).map_err(|error| format!("{} cannot be copied: {error}", from.display()))
}

#[expect(clippy::disallowed_methods, reason = "it is asked which ports are free, nothing else")]
fn free_ports() -> Result<[u16; 2], String> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"));
    let (one, two) = (bind()?, bind()?);
    let port = |door: &TcpListener| door.local_addr().map(|address| address.port()).map_err(|error| error.to_string());
    Ok([port(&one)?, port(&two)?])
}
