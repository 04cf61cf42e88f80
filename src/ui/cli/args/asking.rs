//! What `ask`, `message`, `review` and `proposal` take, and how they are answered.

use clap::{Args, Subcommand};

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
