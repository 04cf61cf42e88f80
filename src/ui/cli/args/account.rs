//! What `account` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
