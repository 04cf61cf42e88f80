//! sipp, and what it says when it is not content.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::expected::{Role, Scenario};
use crate::process::{own_address, PATIENCE};

/// One that runs.
pub struct Sipp {
    child: Child,
    /// Its messages and its complaints, which are kept.
    log: PathBuf,
    complaints: PathBuf,
}

/// Where logs are kept.
fn logs() -> PathBuf {
    let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenarios");
    fs::create_dir_all(&logs).unwrap();
    logs
}

impl Sipp {
    /// Plays its part at `address` towards `agent`; what the scenario writes lands in `dir`.
    pub fn start(scenario: &Scenario, address: Ipv4Addr, agent: Ipv4Addr, dir: &Path) -> Self {
        let [log, complaints] = ["messages", "errors"].map(|kind| logs().join(format!("{}.{kind}", scenario.title())));
        for file in [&log, &complaints] {
            let _ = fs::remove_file(file);
        }
        let mut command = Command::new("timeout");
        command.args([PATIENCE, "sipp", "-sf"]).arg(scenario.file());
        command.args(["-t", &scenario.transport, "-i", &address.to_string(), "-p", "5060", "-s", "bob", "-nostdin"]);
        command.args([
            "-timeout",
            "60s",
            "-timeout_error",
            "-default_behaviors",
            "abortunexp",
            "-recv_timeout",
            "15000",
        ]);
        command.args(["-trace_msg", "-message_overwrite", "false", "-message_file"]).arg(&log);
        command.args(["-trace_err", "-error_overwrite", "false", "-error_file"]).arg(&complaints);
        let sipp = &scenario.play.sipp;
        command.args(sipp);
        if !sipp.iter().any(|word| word == "-m") {
            command.args(["-m", "1"]);
        }
        command.args(["-key", "agent", &agent.to_string()]);
        if scenario.play.role == Role::Callee {
            command.arg(format!("{agent}:5060"));
        }
        let child = command.env("TERM", "dumb").current_dir(dir).stdin(Stdio::null());
        let child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, log, complaints }
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
            code => Err(format!(
                "{} (see {})",
                self.complaint(code),
                self.log.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&self.log).display()
            )),
        }
    }

    fn complaint(&self, code: Option<i32>) -> String {
        let text = fs::read(&self.complaints).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let found = text.lines().find_map(short);
        found.unwrap_or_else(|| {
            format!("sipp ended with {}", code.map_or("a signal".to_owned(), |code| code.to_string()))
        })
    }
}

/// Everybody gets an address that nobody else has.
pub fn address() -> Ipv4Addr {
    own_address()
}

/// What a line of sipp's error log says, without times and Call-IDs.
fn short(line: &str) -> Option<String> {
    let after = |mark: &str| line.split_once(mark).map(|(_, rest)| rest);
    if let Some(rest) = after("while expecting ") {
        let shown: String = rest.chars().take(160).collect();
        return Some(format!("expected {}", shown.trim_end()));
    }
    if let Some(rest) = after("receive timeout on message ") {
        let step = rest.split(' ').next().unwrap_or_default();
        return Some(format!("nothing came at step {step}"));
    }
    let at = ["Failed regexp match", "<recv>", "Variable"].iter().find_map(|mark| line.find(mark))?;
    Some(line[at..].chars().take(240).collect())
}
