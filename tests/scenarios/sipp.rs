//! sipp, and what it says when it is not content.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::expected::Scenario;
use crate::process::{send, PATIENCE};

/// Longest why, characters.
const LONGEST: usize = 200;

/// One that runs.
pub struct Sipp {
    child: Child,
    /// What it sent and received, and what it complained about; both are kept.
    messages: PathBuf,
    complaints: PathBuf,
}

impl Sipp {
    /// Plays its part at `address` towards `agent`; files that the scenario makes land in `dir`.
    pub fn start(scenario: &Scenario, address: Ipv4Addr, agent: Ipv4Addr, dir: &Path) -> Self {
        let [messages, complaints] = ["messages", "errors"].map(|kind| log(scenario, kind));
        let mut command = Command::new("timeout");
        command.args([PATIENCE, "sipp", "-nostdin", "-sf"]).arg(scenario.file());
        let transport = if scenario.is_secure() { "t1" } else { &scenario.transport };
        command.args(["-t", transport, "-i", &address.to_string(), "-p", "5060", "-s", "bob"]);
        command.args(["-key", "agent", &agent.to_string()]);
        // What is unexpected fails, and nothing is said that is not written.
        command.args(["-default_behaviors", "abortunexp", "-recv_timeout", "15000"]);
        command.args(["-timeout", "60s", "-timeout_error"]);
        command.args(["-trace_msg", "-message_file"]).arg(&messages);
        command.args(["-trace_err", "-error_file"]).arg(&complaints);
        if !scenario.play.sipp.iter().any(|word| word == "-m") {
            command.args(["-m", "1"]);
        }
        command.args(&scenario.play.sipp);
        match scenario.play.agent_begins() {
            true => &mut command,
            false if scenario.is_secure() => command.arg(format!("{address}:{}", crate::tls::OUTWARD)),
            false => command.arg(format!("{agent}:5060")),
        };
        command.env("TERM", "dumb").current_dir(dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), messages, complaints }
    }

    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// The first thing that did not come as written, and where all of it is.
    pub fn finish(mut self) -> Result<(), String> {
        match self.child.wait().unwrap().code() {
            Some(0) => Ok(()),
            code => Err(format!("{} (see {})", self.complaint(code), self.shown_log())),
        }
    }

    fn complaint(&self, code: Option<i32>) -> String {
        let text = fs::read(&self.complaints).unwrap_or_default();
        let found = String::from_utf8_lossy(&text).lines().find_map(short);
        let ended = || format!("sipp ended with {}", code.map_or("a signal".to_owned(), |code| code.to_string()));
        found.unwrap_or_else(ended)
    }

    fn shown_log(&self) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        self.messages.strip_prefix(root).unwrap_or(&self.messages).display().to_string()
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        if !self.is_over() {
            send("TERM", &self.child);
            let _ = self.child.wait();
        }
    }
}

/// A file for what is kept of this scenario, empty.
fn log(scenario: &Scenario, kind: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenarios");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{}.{kind}", scenario.title()));
    let _ = fs::remove_file(&file);
    file
}

/// What a line of sipp's error log says, without times and Call-IDs; `None` when it is no complaint.
fn short(line: &str) -> Option<String> {
    let said = if let Some((_, rest)) = line.split_once("while expecting ") {
        format!("expected {}", rest.trim_end())
    } else if let Some((_, rest)) = line.split_once("receive timeout on message ") {
        // With a label it goes on there: nothing was to come.
        let step = rest.split([':', ' ']).nth(1).filter(|_| rest.contains("without label"))?;
        format!("nothing came at step {step}")
    } else {
        // Words of the scenario, or sipp's about a match or the file, behind the time.
        line.split_once(": ")?.1.to_owned()
    };
    Some(said.chars().take(LONGEST).collect())
}
