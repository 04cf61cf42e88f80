//! What `presence` and `watchers` take.

use clap::Subcommand;

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
