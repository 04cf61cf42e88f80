//! What a user types, parsed once at the edge.

use std::path::PathBuf;

use super::company::RecordArgs;
use super::devices::DevicesCommand;
use super::dtmf::DtmfArgs;
use super::history::HistoryArgs;
use super::policy_args::{span, PolicyCommand};
use clap::{Args, Parser, Subcommand, ValueEnum};

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
pub struct AskArgs {
    /// sip:user@host, user@host, host, IP address, telephone number (+493012345678, tel:...), or e-mail address; sip:echo@localhost is built in: one hears oneself
    pub peer: String,
    /// Ask for presence only: who is there, and where
    #[arg(long)]
    pub presence: bool,
    /// Ask for policy only: how packets are to be protected
    #[arg(long)]
    pub policy: bool,
    #[command(flatten)]
    pub answer: AnswerFlags,
    #[command(flatten)]
    pub intent: IntentFlags,
    /// Accept the peer's changed key, named by its whole fingerprint: compare that with the peer first
    #[arg(long, value_name = "FINGERPRINT")]
    pub accept_key: Option<String>,
    /// By this account's proxy [default: that of the peer's domain; for a telephone number the first that is registered]
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

#[derive(Debug, Args)]
pub struct MessageArgs {
    /// sip:user@host, user@host, host, IP address, telephone number or e-mail address; without it the last messages are listed
    pub peer: Option<String>,
    /// What to say
    #[arg(requires = "peer", value_name = "TEXT")]
    pub text: Vec<String>,
    /// It may be read on the way, though calls to this peer must not be
    #[arg(long)]
    pub clear: bool,
    /// By this account's proxy [default: that of the peer's domain; for a telephone number the first that is registered]
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

/// What it is about, for the advice of the review; the peer is told nothing of it.
#[derive(Clone, Debug, Default, Args)]
pub struct IntentFlags {
    /// What it is for [default: private]
    #[arg(long, value_name = "WHAT", value_parser = ["private", "business", "advertising", "own"])]
    pub purpose: Option<String>,
    /// What will be said: public may be known to everybody, confidential does harm when others know it [default: personal]
    #[arg(long, value_name = "WHAT", value_parser = ["public", "personal", "confidential"])]
    pub content: Option<String>,
}

/// The answer to a review, given beforehand or without a terminal.
#[derive(Clone, Debug, Default, Args)]
pub struct AnswerFlags {
    /// Approve the policy as the peer asks, or with RULES in both directions, as 'ipsec esp/transport//require' or, written as
    /// for packets of yours, 'ipsec esp/tunnel/192.168.1.1-192.168.1.2/require'
    #[arg(long, value_name = "RULES", num_args = 0..=1, default_missing_value = "", group = "given")]
    pub approve: Option<String>,
    /// Approve these entries instead, as 'spdadd any any any -P out ipsec esp/transport//require;'; they must speak of all that the
    /// peer speaks of
    #[arg(long, value_name = "SPDADD", group = "given")]
    pub edit: Option<String>,
    /// Refuse: nothing is registered
    #[arg(long, group = "given")]
    pub refuse: bool,
    /// Where that is looser than the peer asks, have its user asked, and wait for the answer (ten minutes at most); to a proposal
    /// of the peer it is your counter-proposal
    #[arg(long, requires = "given", conflicts_with = "refuse")]
    pub propose: bool,
    /// A word to the peer's user with it
    #[arg(long, requires = "propose", value_name = "TEXT")]
    pub note: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Add an account beside those of the configuration, at once and for good; its password is asked for, or is one line of
    /// standard input, and is kept encrypted. Ends well once it is registered; else it says why, and the account is kept all
    /// the same (`account remove` takes it away)
    Add(AccountArgs),
    /// Every account, and whether it is registered
    List,
    /// Remove an account that was added, with its stored password; one of the configuration is taken out there
    Remove {
        /// sip:user@domain
        entity: String,
    },
    /// One account, whole; all without its name
    Show {
        /// sip:user@domain
        entity: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct AccountArgs {
    /// sip:user@domain, or user@domain
    pub entity: String,
    /// Where its requests go: HOST, HOST:PORT, or either after udp:, tcp:, tls:, ws: or wss: [default: DNS tells for the domain]
    #[arg(long, value_name = "PROXY")]
    pub proxy: Option<String>,
    /// A second proxy beside it: you are reached by both where the registrar knows outbound (RFC 5626)
    #[arg(long, value_name = "PROXY", requires = "proxy")]
    pub second_proxy: Option<String>,
    /// The user that goes with the password [default: the account's]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Whose password it is: other challenges than those to REGISTER are answered there only [default: the domain]
    #[arg(long, value_name = "NAME")]
    pub realm: Option<String>,
    #[command(flatten)]
    pub password: PasswordFlags,
    /// Register for so many seconds at a time [default: 3600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(60..=86_400))]
    pub expires: Option<u64>,
    /// Publish nothing at its server: askers reach this device itself
    #[arg(long)]
    pub no_publish: bool,
    /// Do not ask its server who follows you there: for one that knows no presence.winfo
    #[arg(long)]
    pub no_watchers: bool,
    /// Ask its server for voice messages that wait
    #[arg(long)]
    pub mailbox: bool,
    /// Where local phone numbers are valid, as +4930 or example.org: without it they are refused
    #[arg(long, value_name = "CONTEXT")]
    pub phone_context: Option<String>,
}

/// Where the password comes from, when it is not to be asked for.
#[derive(Clone, Debug, Default, Args)]
#[group(multiple = false)]
pub struct PasswordFlags {
    /// Read the password from the first line of this file, which nobody else may read (chmod 600)
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Read the password from this environment variable
    #[arg(long, value_name = "NAME")]
    pub password_env: Option<String>,
    /// The server wants no password
    #[arg(long)]
    pub no_password: bool,
}

#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// All reviews, oldest first
    List,
    /// One review, whole
    Show {
        /// Its number, as r1
        id: String,
    },
    /// Answer a review; at a terminal and without a flag it is shown first
    Answer {
        /// Its number, as r1
        id: String,
        #[command(flatten)]
        answer: AnswerFlags,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProposalCommand {
    /// Every proposal since the agent began, yours and those of peers, and what became of it
    List,
    /// Take back a proposal of yours that waits; or what you agreed to with a peer that has not used it yet
    Cancel {
        /// Its number, as n1; or the peer, as sip:user@host
        what: String,
    },
}

#[derive(Debug, Args)]
pub struct CallArgs {
    /// sip:user@host, user@host, host, IP address, telephone number (+493012345678, tel:...), or e-mail address; sip:echo@localhost is built in: one hears oneself
    #[arg(required_unless_present = "redial", conflicts_with = "redial")]
    pub peer: Option<String>,
    /// Whom you called last, once more
    #[arg(long)]
    pub redial: bool,
    /// Play this WAV file (PCM16, mono or stereo, 8 to 48 kHz); without --duration its end is the end of the call
    #[arg(long, value_name = "FILE")]
    pub play: Option<PathBuf>,
    /// Record what is heard into this file, of Opus if it ends in .opus, WAV if in .wav; an earlier one is overwritten
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Hang up so many seconds after the call was established
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub duration: Option<u64>,
    #[command(flatten)]
    pub answer: AnswerFlags,
    #[command(flatten)]
    pub intent: IntentFlags,
    /// Accept the peer's changed key, named by its whole fingerprint: compare that with the peer first
    #[arg(long, value_name = "FINGERPRINT")]
    pub accept_key: Option<String>,
    /// By this account's proxy [default: that of the peer's domain; for a telephone number the first that is registered]
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

#[derive(Debug, Args)]
#[command(override_usage = "sottovoce transfer <CALL> <PEER>\n       sottovoce transfer <CALL> --to-call <CALL>")]
pub struct TransferArgs {
    /// The call, as c1
    pub call: String,
    /// Whom its peer is to call: sip:user@host, user@host, host, IP address, or telephone number
    #[arg(required_unless_present = "to_call", conflicts_with = "to_call")]
    pub peer: Option<String>,
    /// The peer of this other call of yours, as c2, whose place the new call takes
    #[arg(long, value_name = "CALL")]
    pub to_call: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum PresenceCommand {
    /// Your own record, and those of every peer that was asked
    List,
    /// The records of one entity
    Show {
        /// As sip:user@host
        entity: String,
    },
    /// Say who you are and where, yourself; what is left out stays, and "" goes back to what is configured or judged
    #[command(group = clap::ArgGroup::new("names").args(["user", "place"]).multiple(true).required(true))]
    Set {
        /// Who uses this device
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Where it is
        #[arg(long, value_name = "NAME")]
        place: Option<String>,
    },
    /// Give a peer's user and place names of your own, and it an e-mail address; what is left out stays, and "" goes back
    #[command(group = clap::ArgGroup::new("names").args(["user", "place", "mail"]).multiple(true).required(true))]
    Rename {
        /// As sip:user@host
        entity: String,
        /// Your name for its user
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Your name for its place
        #[arg(long, value_name = "NAME")]
        place: Option<String>,
        /// Its e-mail address: it is asked and called by that, too
        #[arg(long, value_name = "ADDRESS")]
        mail: Option<String>,
    },
    /// Forget what a peer said
    Remove {
        /// As sip:user@host
        entity: String,
    },
    /// Follow a peer: where it is stays up to date, and another policy is put to you; needs an agent that stays
    Watch {
        /// sip:user@host, user@host, host, IP address, or telephone number
        peer: String,
    },
    /// Follow a peer no longer
    Unwatch {
        /// As `presence watching` names it, without its device
        peer: String,
    },
    /// Whom you follow, and how that stands
    Watching,
    /// Who follows you, as `watchers list`
    Watchers,
}

#[derive(Debug, Subcommand)]
pub enum ContactCommand {
    /// Save somebody under a name
    Add {
        /// As Bob: not one that is read as an address, a number or the name of a machine
        name: String,
        /// sip:user@host, user@host, or the IP address of somebody whom you asked before
        peer: String,
        /// A further e-mail address or telephone number of his; may be given again
        #[arg(long, value_name = "ADDRESS")]
        address: Vec<String>,
        /// The group that he belongs to, one at most: own, family, friend, acquaintance, or one that you made
        #[arg(long)]
        group: Option<String>,
        /// A note for yourself
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Every contact, by name
    List,
    /// One contact
    Show {
        /// His name, or sip:user@host
        contact: String,
    },
    /// Change a contact; what is left out stays, and "" is none
    Set {
        /// His name, or sip:user@host
        contact: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// Another sip:user@host, user@host, or IP address
        #[arg(long)]
        peer: Option<String>,
        /// His further e-mail addresses and telephone numbers, all of them anew
        #[arg(long, value_name = "ADDRESS", conflicts_with = "no_address")]
        address: Vec<String>,
        /// He has no further addresses any more
        #[arg(long)]
        no_address: bool,
        /// The group that he belongs to; "" is none
        #[arg(long)]
        group: Option<String>,
        /// A note for yourself; "" is none
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Forget a contact; his keys and the policy for him stay
    Remove {
        /// His name, or sip:user@host
        contact: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Every group with what it says and its members; unknown is everybody else
    List,
    /// Make a further group
    Add {
        /// 1 to 32 of a-z, 0-9 and -, as work
        name: String,
        /// Who its members are to you
        #[arg(long, value_parser = ["own", "family", "friend", "acquaintance"])]
        relation: String,
        #[command(flatten)]
        flags: GroupFlags,
    },
    /// Change what a group says; who follows you is told at once what he may know from then on
    Set {
        /// As friend
        name: String,
        #[command(flatten)]
        flags: GroupFlags,
    },
    /// Remove a group that you made and that has no members
    Remove {
        /// As work
        name: String,
    },
}

#[derive(Clone, Debug, Default, Args)]
pub struct GroupFlags {
    /// What its members are told who ask or follow you
    #[arg(long, value_name = "WHAT", value_parser = ["allow", "policy-only", "ask", "polite-block", "block"])]
    pub watchers: Option<String>,
    /// Approve by itself what a member asks if it is at least as tight as RULES, as 'ipsec esp/transport//require', and not below
    /// the advice; none: whatever is not below it; or never
    #[arg(long, value_name = "RULES")]
    pub approve: Option<String>,
    /// Whether its members may call and ask in quiet hours
    #[arg(long, value_name = "yes|no", value_parser = ["yes", "no"])]
    pub rings: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum WatchersCommand {
    /// Who follows you or asked to, since when, what each is told, and your answers
    List,
    /// Let one know your policy and your place
    Allow {
        /// Its number, as w1; the first 8 digits of its key, or more; or a contact or sip:user@host whose keys are pinned
        whom: String,
    },
    /// Let one know your policy, and not your place
    PolicyOnly {
        /// As for allow
        whom: String,
    },
    /// Let one believe that you are away
    PoliteBlock {
        /// As for allow
        whom: String,
    },
    /// Refuse one
    Block {
        /// As for allow
        whom: String,
    },
    /// Take an answer back: its group decides again, or the configuration
    Forget {
        /// As for allow
        whom: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum IdentityCommand {
    /// Your device, its fingerprint, and the pinned devices with their safety phrases
    Show,
    /// Take the word of an older device of yours: who trusts that one need not distrust this one
    Take {
        /// As `identity vouch` printed it there
        word: String,
        /// It was signed by the name of this account, which may be added afterwards [default: a name that there is]
        #[arg(long, value_name = "ENTITY")]
        account: Option<String>,
    },
    /// Take back what `identity take` took: what you say bears the older device's word no more
    Revoke {
        /// The word for the name of this account [default: that for the agent's own `entity`]
        #[arg(long, value_name = "ENTITY")]
        account: Option<String>,
    },
    /// Vouch for a new device of yours: only for one that you hold in your hands
    Vouch {
        /// As `identity show` prints it there
        word: String,
        /// By the name of this account, which both devices have [default: the agent's own `entity`]
        #[arg(long, value_name = "ENTITY")]
        account: Option<String>,
        /// It is mine: do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Compare the safety phrase with a peer, and remember that it is the same
    Verify {
        /// As sip:user@host
        entity: String,
        /// The words are the same: do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub struct Limit {
    /// How many rows at most
    #[arg(long, default_value_t = 50, value_name = "ROWS", value_parser = rows)]
    pub limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectKind {
    Sip,
    Pidf,
    Sdp,
}

impl InspectKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pidf => "pidf",
            Self::Sdp => "sdp",
            Self::Sip => "sip",
        }
    }
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

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OneResult {
    Answered,
    Elsewhere,
    Failed,
    Missed,
    Refused,
    Unanswered,
}

impl OneResult {
    /// As the door writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Elsewhere => "elsewhere",
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    On,
    Off,
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
