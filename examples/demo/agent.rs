//! An agent as its user has it: a process, a data directory, a configuration, and the commands that are typed.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::children::Process;
use super::place::{Place, Where, Who};

/// So wide, without a terminal, that presence and policy stand side by side.
const COLUMNS: &str = "120";

pub struct Agent<'a> {
    place: &'a Place,
    who: Who,
    program: PathBuf,
    /// Holds its data directory and its configuration.
    folder: PathBuf,
    /// Where commands are typed.
    desk: PathBuf,
    process: Option<Process>,
}

/// What differs between configurations.
pub struct Setting<'a> {
    pub address: &'a str,
    pub control_port: u16,
    /// The section `[audio]`, `[answer]` and `[policy]` of the one who is called.
    pub more: &'a str,
}

impl<'a> Agent<'a> {
    pub fn new(place: &'a Place, who: Who, program: &Path, folder: PathBuf, desk: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { place, who, program: program.to_owned(), folder, desk: desk.to_owned(), process: None })
    }

    /// `sottovoce run`, until its control door answers. `packet_log` is where it logs what it sends.
    pub fn start(&mut self, setting: &Setting<'_>, log: &Path, packet_log: Option<&Path>) -> Result<(), String> {
        let told = |error: std::io::Error| format!("{} cannot be written: {error}", self.folder.display());
        std::fs::write(self.config(), self.text(setting)).map_err(told)?;
        let log = File::options().create(true).append(true).open(log).map_err(told)?;
        let mut command = self.command(&["run"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(told)?).stderr(log);
        if let Some(file) = packet_log {
            command.env("SOTTOVOCE_PACKETLOG", file);
        }
        self.process = Some(Process::start(&mut command)?);
        for _ in 0..100 {
            if self.quietly(&["status"]).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(format!("{}'s agent does not answer; its log is in target/demo", self.who.name()))
    }

    pub fn stop(&mut self) -> Result<(), String> {
        self.quietly(&["stop"])?;
        let ended = self.process.as_mut().is_none_or(|process| process.ends_within(100));
        self.process = None;
        if ended {
            Ok(())
        } else {
            Err(format!("{}'s agent did not stop", self.who.name()))
        }
    }

    /// Types a command, shows it with what it says, and checks how it ended.
    pub fn types(&self, arguments: &[&str], expected: i32) -> Result<(), String> {
        let shown: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
        let shown = format!("sottovoce {}", shown.join(" "));
        println!("\n{}$ {shown}", self.who.name());
        let mut command = self.command(arguments);
        // Messages go to stderr: here they stand between the results, as on a terminal.
        let screen = std::io::stdout().as_fd().try_clone_to_owned().map_err(|error| error.to_string())?;
        let code = Process::start(command.stdin(Stdio::null()).stdout(Stdio::inherit()).stderr(screen))?.wait()?;
        match code {
            Some(code) if code == expected => Ok(()),
            _ => Err(format!("{} typed `{shown}`: exit {code:?}, not {expected}", self.who.name())),
        }
    }

    /// The one object that a command prints with `--json`.
    pub fn quietly(&self, arguments: &[&str]) -> Result<Value, String> {
        let output = self.output(&[arguments, &["--json"]].concat())?;
        let text = String::from_utf8_lossy(&output.stdout);
        match output.status.success() {
            true => serde_json::from_str(&text).map_err(|error| format!("no JSON: {error}: {text}")),
            false => Err(format!("`sottovoce {}` failed: {}", arguments.join(" "), text.trim())),
        }
    }

    /// The last call, once it is over.
    pub fn last_call(&self, seconds: u64) -> Result<Value, String> {
        for _ in 0..seconds * 4 {
            let calls = self.quietly(&["calls"])?;
            let last = calls["calls"].as_array().and_then(|calls| calls.last()).cloned().unwrap_or_default();
            match last["state"].as_str() {
                Some("ended") => return Ok(last),
                Some("failed") => return Err(format!("{}'s call failed: {}", self.who.name(), last["failure"])),
                _ => std::thread::sleep(Duration::from_millis(250)),
            }
        }
        Err(format!("{}'s call does not end", self.who.name()))
    }

    /// The newest review that waits for an answer.
    pub fn waiting_review(&self) -> Result<String, String> {
        let reviews = self.quietly(&["review", "list"])?;
        let reviews = reviews["reviews"].as_array().cloned().unwrap_or_default();
        let waiting = reviews.iter().rev().find(|review| review["state"] == "pending");
        waiting.and_then(|review| review["id"].as_str()).map(str::to_owned).ok_or_else(|| "no review waits".to_owned())
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, String> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.output().map_err(|error| format!("sottovoce does not start: {error}"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(self.who, &self.program);
        command.arg("--data-dir").arg(self.folder.join("data")).arg("--config").arg(self.config());
        command.args(arguments).current_dir(&self.desk).env("COLUMNS", COLUMNS).env_remove("SOTTOVOCE_KEYLOG");
        command
    }

    fn config(&self) -> PathBuf {
        self.folder.join("sottovoce.toml")
    }

    fn text(&self, setting: &Setting<'_>) -> String {
        let Setting { address, control_port, more } = setting;
        let addresses = self.place.addresses();
        let name = self.who.name();
        let display = match self.who {
            Who::Alice => "Alice",
            Who::Bob => "Bob",
        };
        // On loopback nothing looks public by itself.
        let outside = match self.place.kind {
            Where::Loopback => place("external", "public", addresses.outside),
            Where::Namespaces | Where::UserNamespaces => String::new(),
        };
        let office = place("office", "private", addresses.office);
        format!(
            "entity = \"sip:{name}@{address}\"\ndisplay-name = \"{display}\"\n\
             [sip]\nlisten = [\"udp:{address}:5060\"]\n\
             [control]\nlisten = \"127.0.0.1:{control_port}\"\n\
             [watchers]\nunknown = \"place\"\n{office}{outside}{more}"
        )
    }
}

fn place(name: &str, scope: &str, network: &str) -> String {
    format!("[[place]]\nname = \"{name}\"\nscope = \"{scope}\"\nnetworks = [\"{network}\"]\n")
}

fn quoted(argument: &str) -> String {
    match argument.contains(' ') {
        true => format!("'{argument}'"),
        false => argument.to_owned(),
    }
}
