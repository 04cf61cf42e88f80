//! What `contact` and `group` take.

use clap::{Args, Subcommand};

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
