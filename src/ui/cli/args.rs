//! What a user types, parsed once at the edge.

mod account;
mod asking;
mod calling;
mod chosen;
mod contact;
mod identity;
mod presence;

use std::path::PathBuf;

use super::company::RecordArgs;
use super::devices::DevicesCommand;
use super::dtmf::DtmfArgs;
use super::history::HistoryArgs;
use super::policy_args::{span, PolicyCommand};
pub use account::{AccountArgs, AccountCommand, PasswordFlags};
pub use asking::{AnswerFlags, AskArgs, IntentFlags, MessageArgs, ProposalCommand, ReviewCommand};
pub use calling::{CallArgs, TransferArgs};
pub use chosen::{InspectKind, OnOff, OneResult};
use clap::{Args, Parser, Subcommand};
pub use contact::{ContactCommand, GroupCommand, GroupFlags};
pub use identity::IdentityCommand;
pub use presence::{PresenceCommand, WatchersCommand};

/// Exit codes: 0 done, 1 failed, 2 usage, 3 refused by a user, 4 refused by policy (or a review waits, or a
/// password is wrong), 5 peer unreachable, 6 trust problem.
#[derive(Debug, Parser)]
#[command(name = "sottovoce", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// Where keys, databases and the control door live [default: $XDG_DATA_HOME/sottovoce]
    #[arg(long, global = true, value_name = "DIR", env = "SOTTOVOCE_DATA_DIR", hide_env_values = true, help_heading = ALL)]
    pub data_dir: Option<PathBuf>,
    /// Configuration file [default: $XDG_CONFIG_HOME/sottovoce/sottovoce.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "SOTTOVOCE_CONFIG", hide_env_values = true, help_heading = ALL)]
    pub config: Option<PathBuf>,
    /// Print one JSON object on stdout and nothing else; its schema is docs/openapi.json
    #[arg(long, global = true, help_heading = ALL)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// The heading of options that every command takes.
const ALL: &str = "Options of every command";

const EXIT_CODES: &str = "\
Begin with `sottovoce run` at one terminal, and `sottovoce ask 192.168.1.2` and `sottovoce call 192.168.1.2` at another.\n\
Every command talks to the agent that runs on the data directory, or starts one of its own for as long as it takes.\n\
Exit codes: 0 done, 1 failed, 2 usage, 3 refused by a user, 4 refused by policy \
(or a review waits for its answer, or a password is wrong), 5 peer unreachable, 6 trust problem.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the agent, with its control door, until it is stopped
    Run {
        /// Open its page in a browser too
        #[arg(long)]
        page: bool,
    },
    /// Open the running agent's page in a browser
    Page {
        /// Only print its address
        #[arg(long)]
        print: bool,
        /// Answer no page that is open
        #[arg(long, conflicts_with = "print")]
        close: bool,
    },
    /// Tell what the running agent is doing
    Status,
    /// Stop the running agent: calls and subscriptions are ended first
    Stop,
    /// Where this agent is registered: accounts of the configuration, and those that you add
    #[command(subcommand)]
    Account(AccountCommand),
    /// Ask a peer for its presence and policy, review them, and approve
    Ask(AskArgs),
    /// List, show and answer reviews that wait
    #[command(subcommand)]
    Review(ReviewCommand),
    /// Looser policies that you proposed to peers (--propose), and they to you
    #[command(subcommand)]
    Proposal(ProposalCommand),
    /// Call a peer under the approved policy; an unapproved peer is asked first
    Call(CallArgs),
    /// List calls
    Calls,
    /// Answer a call that rings here, or place one that the peer of another call wants
    Answer {
        /// Its number, as c1
        call: String,
    },
    /// Do not disturb: nothing rings and prompts wait, members of groups that ring in quiet hours excepted
    Dnd {
        /// Without it, how it stands
        state: Option<OnOff>,
        /// So long, as 30m, 2h or 7d; 30 days at most
        #[arg(long = "for", value_name = "TIME", value_parser = span, default_value = "8h")]
        within: u64,
    },
    /// Reject a call that rings here, or one that the peer of another call wants
    Reject {
        /// Its number, as c1
        call: String,
    },
    /// Hang up one call, or all
    Hangup {
        /// Its number, as c1; all without one
        call: Option<String>,
    },
    /// Hold a call: you hear nothing and are not heard, until you take it up again
    Hold {
        /// Its number, as c1
        call: String,
    },
    /// Hear on in a call without being heard
    Mute {
        /// Its number, as c1
        call: String,
    },
    /// Be heard again in a call in which you are muted
    Unmute {
        /// Its number, as c1
        call: String,
    },
    /// Press keys of the telephone in a call
    Dtmf(DtmfArgs),
    /// Take a call up again that you hold
    Resume {
        /// Its number, as c1
        call: String,
    },
    /// Put two calls together: their peers hear you and each other, until one hangs up or is held
    Conference {
        /// Its number, as c1
        call: String,
        /// That of the other, as c2
        #[arg(value_name = "OTHER")]
        with: String,
    },
    /// Record both sides of a running call
    Record(RecordArgs),
    /// Protect a running call less: the peer is asked what it says by now, and where that is more its user has to accept first
    Relax {
        /// Its number, as c1
        call: String,
        /// As none, or "ipsec esp/transport//require"; without them, what is advised where both sides are now
        rules: Option<String>,
        /// A word to the peer's user
        #[arg(long)]
        note: Option<String>,
    },
    /// Protect a running call better: tighter rules for its peer alone, and new keys without a gap
    Tighten {
        /// Its number, as c1
        call: String,
        /// As "ipsec esp/transport//require ah/transport//require"; without them, what is advised where both sides are now
        rules: Option<String>,
    },
    /// Have the peer of a call call somebody else instead of you: it decides, and tells how that goes
    Transfer(TransferArgs),
    /// Send a short text, which everybody on the way can read; or list the last ones
    Message(MessageArgs),
    /// The security policy database
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// The presence database
    #[command(subcommand)]
    Presence(PresenceCommand),
    /// Whom you know: a saved name works wherever a peer is typed
    #[command(subcommand)]
    Contact(ContactCommand),
    /// What holds for which contacts: what they are told, what is approved by itself, who rings in quiet hours
    #[command(subcommand)]
    Group(GroupCommand),
    /// Who follows you, what each is told, and your answers to those who ask
    #[command(subcommand)]
    Watchers(WatchersCommand),
    /// Who this device is, and whose keys are pinned
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Sound devices: which there are, which calls use, and how loud
    #[command(subcommand)]
    Devices(DevicesCommand),
    /// Calls that ended, newest first: with whom, how long, and what became of each; or forget some
    History(HistoryArgs),
    /// The append-only audit table, newest first
    Audit(Limit),
    /// Read files and say what is wrong with them
    Inspect {
        /// What they are: SIP messages, presence documents, or session descriptions
        kind: InspectKind,
        /// The files, each with one of them
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Check configuration, data directory, keys, ports, sound, and the accounts of the agent that runs
    Doctor,
    /// Print a completion script for a shell
    Completions {
        /// Whose; bash reads it with: source <(sottovoce completions bash)
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct Limit {
    /// How many rows at most
    #[arg(long, default_value_t = 50, value_name = "ROWS", value_parser = rows)]
    pub limit: u32,
}

pub(super) fn rows(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|rows| *rows > 0).ok_or_else(|| "a number from 1, as 50".to_owned())
}

/// Seconds, whole or with a decimal point, as milliseconds.
fn seconds(text: &str) -> Result<u64, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds, as 30 or 2.5".to_owned())?;
    let fits = seconds.is_finite() && seconds > 0.0 && seconds <= 86_400.0;
    fits.then_some((seconds * 1000.0) as u64).ok_or_else(|| "more than 0 and at most 86400 seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    /// A newcomer reads `--help`: each command, argument and option says what it is.
    #[test]
    fn nothing_is_without_its_help() {
        fn mute(command: &clap::Command) -> Vec<String> {
            let name = command.get_name();
            let silent = command.get_arguments().filter(|argument| argument.get_help().is_none());
            let silent = silent.map(|argument| format!("{name} {}", argument.get_id()));
            let own = command.get_about().is_none().then(|| name.to_owned());
            silent.chain(own).chain(command.get_subcommands().flat_map(mute)).collect()
        }
        assert_eq!(mute(&Cli::command()), [""; 0]);
    }

    #[test]
    fn approve_takes_rules_or_none() {
        let read = |args: &[&str]| match Cli::try_parse_from(args).unwrap().command {
            Command::Ask(ask) => ask.answer.approve,
            _ => None,
        };
        assert_eq!(read(&["sottovoce", "ask", "bob@h", "--approve"]).as_deref(), Some(""));
        assert_eq!(read(&["sottovoce", "ask", "bob@h", "--approve", "none"]).as_deref(), Some("none"));
        assert_eq!(read(&["sottovoce", "ask", "bob@h"]), None);
        assert!(Cli::try_parse_from(["sottovoce", "ask", "bob@h", "--approve", "--refuse"]).is_err());
    }

    #[test]
    fn durations_are_bounded() {
        assert_eq!(seconds("2.5"), Ok(2500));
        for bad in ["0", "-1", "nan", "inf", "x", "1e9"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
