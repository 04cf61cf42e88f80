//! What `identity` takes.

use clap::Subcommand;

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
