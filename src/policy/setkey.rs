//! The text form of entries: the `spdadd` language of KAME setkey (PROTOCOL section 2).
//!
//! ```text
//! spdadd 192.168.1.1/32[any] 192.168.1.2/32[any] udp -P out ipsec esp/transport//require ah/transport//require;
//! ```
//!
//! What setkey has no word for travels behind it in a `# sv: key=value key=value` comment. Any other
//! comment is ignored. Port ranges are ours: setkey itself reads single ports only.

mod action;
mod commands;
mod error;
mod fields;
mod grammar;
mod token;

use std::collections::BTreeSet;

use super::{Action, Direction, Entry, Ports, Prefix};
pub use error::SetkeyError;
use token::Tokens;

/// Longest text that is read, in octets.
pub const MAX_TEXT: usize = 1 << 20;
/// Most entries that are read from one text.
pub const MAX_ENTRIES: usize = 10_000;

/// One `spdadd` command as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub entry: Entry,
    /// The keys of its comment; `priority` too where `prio` stands before the action.
    pub named: BTreeSet<&'static str>,
}

/// A file of setkey(8) as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    pub entries: Vec<Entry>,
    /// Commands that empty the kernel's databases, each once: read, and not obeyed.
    pub not_obeyed: BTreeSet<&'static str>,
}

/// Reads any number of `spdadd` commands. Each ends with `;`, with the next `spdadd`, or with the text.
pub fn parse(text: &str) -> Result<Vec<Entry>, SetkeyError> {
    Ok(parse_lines(text)?.into_iter().map(|line| line.entry).collect())
}

/// As [`parse`], and tells what each line names.
pub fn parse_lines(text: &str) -> Result<Vec<Line>, SetkeyError> {
    read(text, |_| Ok(false))
}

/// As [`parse`], for a file that was written for setkey(8): `flush` and `spdflush` are passed over.
pub fn parse_file(text: &str) -> Result<File, SetkeyError> {
    let mut not_obeyed = BTreeSet::new();
    let lines = read(text, |tokens| {
        let found = commands::flush(tokens)?;
        not_obeyed.extend(found);
        Ok(found.is_some())
    })?;
    Ok(File { entries: lines.into_iter().map(|line| line.entry).collect(), not_obeyed })
}

/// `passed_over` takes a command that is no entry.
fn read<'a>(
    text: &'a str,
    mut passed_over: impl FnMut(&mut Tokens<'a>) -> Result<bool, SetkeyError>,
) -> Result<Vec<Line>, SetkeyError> {
    let mut tokens = Tokens::new(text)?;
    let mut lines = Vec::new();
    while tokens.skip_semicolons() {
        if passed_over(&mut tokens)? {
            continue;
        }
        if lines.len() == MAX_ENTRIES {
            return Err(tokens.error("at most 10000 entries"));
        }
        lines.push(grammar::entry(&mut tokens)?);
    }
    Ok(lines)
}

/// Reads what stands behind the direction: `none`, `discard`, `ipsec esp/transport//require ...`.
pub fn parse_action(text: &str) -> Result<Action, SetkeyError> {
    let mut tokens = Tokens::new(text)?;
    let action = action::action(&mut tokens)?;
    if tokens.skip_semicolons() {
        let fields = tokens.peek().is_some_and(|token| token.kind == token::Kind::Fields);
        return Err(tokens.error(match fields {
            true => "the end of the rules: # sv: belongs to whole entries, which `--edit` and `policy add` take",
            false => "the end of the text",
        }));
    }
    Ok(action)
}

/// One line for each entry; [`parse`] reads it back.
pub fn write(entries: &[Entry]) -> String {
    entries.iter().map(|entry| entry.to_setkey() + "\n").collect()
}

impl Entry {
    /// One `spdadd` line without its line end. ASCII only, whatever peers wrote: safe for terminals.
    pub fn to_setkey(&self) -> String {
        let selector = &self.selector;
        let any = match (selector.source, selector.destination) {
            (Prefix::Net { address, .. }, _) | (_, Prefix::Net { address, .. }) if address.is_ipv6() => "::/0",
            _ => "0.0.0.0/0",
        };
        format!(
            "spdadd {} {} {} -P {} {};{}",
            end(selector.source, selector.source_ports, any),
            end(selector.destination, selector.destination_ports, any),
            selector.upper,
            self.direction,
            self.action,
            fields::write(self),
        )
    }
}

fn end(prefix: Prefix, ports: Ports, any: &str) -> String {
    match prefix {
        Prefix::Any => format!("{any}[{ports}]"),
        net => format!("{net}[{ports}]"),
    }
}

/// `in` or `out`.
pub fn parse_direction(text: &str) -> Option<Direction> {
    [Direction::In, Direction::Out].into_iter().find(|direction| direction.to_string() == text)
}

#[cfg(test)]
mod tests;
