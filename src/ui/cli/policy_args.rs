//! What a user types behind `policy`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::args::rows;

#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// The entries, in lookup order, the default last; or those that the options name
    List(ListArgs),
    /// One entry, whole
    Show {
        /// Its number, as e1, or default
        id: String,
    },
    /// Add entries of your own: spdadd lines, or rules alone for whom --entity, --device or --group names
    Add {
        /// As 'spdadd any 192.168.1.9 udp -P out discard;', or as 'ipsec esp/transport//require'
        text: String,
        /// For the streams of this peer alone, as sip:bob@192.168.1.2
        #[arg(long, value_name = "ENTITY")]
        entity: Option<String>,
        /// For the streams of this device alone
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        /// For the streams of the contacts of this group alone
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
    },
    /// Change an entry and its other direction, in your editor ($VISUAL or $EDITOR)
    ///
    /// What the text does not name stays as it was: whose packets, priority, place, end, and whether it is disabled. What a peer agreed
    /// to is not loosened unless its user agrees to that too: see --propose. What you tightened yourself since can be taken back.
    Edit {
        /// Its number, as e1
        id: String,
        /// Put this in its place, without an editor: one spdadd line, whose mirror is the other direction, or one for each; or rules
        /// alone, as 'ipsec ah/transport//require', for the same packets
        #[arg(long, value_name = "TEXT")]
        with: Option<String>,
        /// Where that is looser than the peer agreed to, have its user asked, and wait for the answer (ten minutes at most)
        #[arg(long, requires = "with")]
        propose: bool,
        /// A word to the peer's user with it
        #[arg(long, requires = "propose", value_name = "TEXT")]
        note: Option<String>,
    },
    /// Keep an entry, both directions, and enforce it no longer
    Disable {
        /// Its number, as e1
        id: String,
    },
    /// Enforce an entry again that was disabled
    Enable {
        /// Its number, as e1
        id: String,
    },
    /// Give an entry, both directions, an end, or take it away
    #[command(group = ArgGroup::new("end").args(["at", "within", "never"]).required(true))]
    Expire {
        /// Its number, as e1
        id: String,
        /// At this time, as 2026-11-24T18:00:00Z
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// After so long, as 90s, 30m, 2h or 7d
        #[arg(long = "in", value_name = "TIME", value_parser = span)]
        within: Option<u64>,
        /// It does not end
        #[arg(long)]
        never: bool,
    },
    /// Remove an entry, both directions, or the default that was set: the configuration's comes back
    Remove {
        /// Its number, as e1, or default
        id: String,
    },
    /// Show the default for everybody else, or set it
    Default {
        /// As 'ipsec esp/transport//require', or spdadd lines
        text: Option<String>,
    },
    /// What was changed, when and by whom, the newest first
    History {
        /// Changes of this entry alone, as e1
        id: Option<String>,
        /// How many changes at most
        #[arg(long, default_value_t = 20, value_name = "CHANGES", value_parser = rows)]
        limit: u32,
    },
    /// Bring back the state before the last change, or before another one; that is a change too, and can be taken back
    Undo {
        /// The number of the change, as `policy history` shows it
        change: Option<u64>,
    },
    /// Which entry would rule this packet, and why
    Test {
        /// IP address that the packet comes from
        #[arg(value_name = "SRC")]
        source: String,
        /// Its port
        #[arg(value_name = "SPORT")]
        source_port: String,
        /// IP address that the packet goes to
        #[arg(value_name = "DST")]
        destination: String,
        /// Its port
        #[arg(value_name = "DPORT")]
        destination_port: String,
        /// udp or tcp
        proto: String,
        /// in or out
        #[arg(value_name = "DIR")]
        direction: String,
    },
    /// Add every entry of a file: spdadd lines, or JSON as export writes it
    ///
    /// `flush` and `spdflush` of a setkey file are not obeyed: nothing is taken away.
    Import {
        /// The file; - is standard input
        file: PathBuf,
    },
    /// Print the database: for import, for a kernel, for another IPsec program
    Export {
        /// setkey and json are what import reads back
        #[arg(long, value_enum, default_value_t = ExportAs::Setkey)]
        format: ExportAs,
    },
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Entries for this peer: its entity, as sip:bob@192.168.1.2, or its device
    #[arg(long, value_name = "PEER")]
    pub peer: Option<String>,
    /// Entries for this contact group
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// Entries whose source or destination holds this address, and is not any
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Entries from config, import, review or user
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<String>,
    /// Entries that are disabled
    #[arg(long)]
    pub disabled: bool,
    /// How many entries at most, up to 10000
    #[arg(long, default_value_t = 1000, value_name = "ENTRIES", value_parser = rows)]
    pub limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportAs {
    /// spdadd lines
    Setkey,
    /// JSON with the names of RFC 9061
    Json,
    /// strongSwan's swanctl.conf, for those entries that it can follow to the letter
    Swanctl,
    /// Commands of `ip xfrm policy`, for those entries that a kernel can follow to the letter
    Xfrm,
}

impl ExportAs {
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Setkey => "setkey",
            Self::Swanctl => "swanctl",
            Self::Xfrm => "xfrm",
        }
    }
}

/// A number of seconds, minutes, hours or days, as seconds.
pub(super) fn span(text: &str) -> Result<u64, String> {
    let wrong = || "a number and s, m, h or d, as 90s, 30m, 2h or 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    let longest = 100 * 366 * 86_400;
    number.checked_mul(each).filter(|span| (1..=longest).contains(span)).ok_or_else(|| "1s to 100 years".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit_and_a_bound() {
        assert_eq!((span("90s"), span("2h"), span("7d")), (Ok(90), Ok(7200), Ok(604_800)));
        for bad in ["", "5", "h", "-1h", "0s", "1w", "1.5h", "99999999999999999999d", "18446744073709551615d"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }
}
