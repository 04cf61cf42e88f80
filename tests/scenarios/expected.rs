//! `sip-scenarios/expected.toml`: what a scenario needs beyond the usual.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One table of the file; every key has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Play {
    /// As sipp calls them: u1 is UDP, t1 is TCP, l1 is TLS, which socat has for it.
    pub transports: Vec<String>,
    /// What the agent demands of everybody: an action in the language of setkey.
    pub policy: String,
    /// `[answer] mode`.
    pub answer: String,
    /// `[watchers] unknown`.
    pub watchers: String,
    /// T1, ms.
    pub t1_ms: u32,
    /// Lines of the agent's `[srtp]`.
    pub srtp: String,
    /// Lines of an `[[account]]` whose proxy is sipp; there is one if this is there. The password is `secret`.
    pub account: Option<String>,
    /// The user approved an agent at sipp's address before, which states this action.
    pub approved: Option<String>,
    /// Under this name, a telephone number at the account's domain, which is what is asked then.
    pub approved_as: Option<String>,
    /// What the agent's user does, `{sipp}` being the other side, and how that ends: exit code, and a word of its output.
    pub command: Option<Vec<String>>,
    pub exit: i32,
    pub says: Option<String>,
    /// What happens when the scenario makes the file `now`: a command, or `TERM` or `INT`, which stop the agent.
    pub then: Option<Vec<String>>,
    /// A word of that command's output.
    pub then_says: Option<String>,
    /// A command or signal after that, for the file `later`.
    pub later: Option<Vec<String>>,
    /// Further arguments of sipp.
    pub sipp: Vec<String>,
    /// Why it does not come as the standard has it, and that this is known.
    pub known_failure: Option<String>,
}

impl Default for Play {
    fn default() -> Self {
        Self {
            transports: vec!["u1".to_owned()],
            policy: "ipsec esp/transport//require".to_owned(),
            answer: "auto".to_owned(),
            watchers: "place".to_owned(),
            t1_ms: 50,
            srtp: String::new(),
            account: None,
            approved: None,
            approved_as: None,
            command: None,
            exit: 0,
            says: None,
            then: None,
            then_says: None,
            later: None,
            sipp: Vec::new(),
            known_failure: None,
        }
    }
}

impl Play {
    /// sipp waits for what the agent sends; else the agent waits for sipp.
    pub fn agent_begins(&self) -> bool {
        self.account.is_some() || self.command.is_some()
    }
}

/// One file over one transport.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub transport: String,
    pub play: Play,
}

impl Scenario {
    /// The file's name; with the transport where that is not UDP.
    pub fn title(&self) -> String {
        match self.transport.as_str() {
            "u1" => self.name.clone(),
            "t1" => format!("{}-tcp", self.name),
            "l1" => format!("{}-tls", self.name),
            other => format!("{}-{other}", self.name),
        }
    }

    /// sipp speaks TCP with socat, and that TLS with the agent.
    pub fn is_secure(&self) -> bool {
        self.transport == "l1"
    }

    pub fn file(&self) -> PathBuf {
        folder().join(format!("{}.xml", self.name))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sip-scenarios")
}

/// All of them, in the order of their names.
///
/// # Errors
/// The file cannot be read, or speaks of a scenario that is not there.
pub fn every() -> Result<Vec<Scenario>, String> {
    let text = std::fs::read_to_string(folder().join("expected.toml")).map_err(|why| why.to_string())?;
    let mut plays: BTreeMap<String, Play> = toml::from_str(&text).map_err(|why| why.to_string())?;
    let mut all = Vec::new();
    for name in names()? {
        let play = plays.remove(&name).unwrap_or_default();
        let one =
            |transport: &String| Scenario { name: name.clone(), transport: transport.clone(), play: play.clone() };
        all.extend(play.transports.iter().map(one));
    }
    match plays.keys().next() {
        Some(name) => Err(format!("there is no {name}.xml")),
        None => Ok(all),
    }
}

fn names() -> Result<Vec<String>, String> {
    let files = std::fs::read_dir(folder()).map_err(|why| why.to_string())?;
    let name = |path: PathBuf| Some(path.file_name()?.to_str()?.strip_suffix(".xml")?.to_owned());
    let mut names: Vec<String> = files.filter_map(|file| name(file.ok()?.path())).collect();
    names.sort();
    Ok(names)
}
