use std::net::IpAddr;
use std::str::FromStr;

use super::action::action;
use super::token::{Kind, Tokens};
use super::{fields, parse_direction, Line, SetkeyError};
use crate::policy::{Entry, Ports, Prefix, Selector, Upper};

const END: &str = "an address as 192.168.1.2/32[any], 2001:db8::1[5060] or any";

/// `spdadd SOURCE DESTINATION UPPER -P DIRECTION [PRIORITY] ACTION [;] [# sv: ...]`
pub(super) fn entry(tokens: &mut Tokens<'_>) -> Result<Line, SetkeyError> {
    command(tokens)?;
    let (source, source_ports) = end(tokens)?;
    let (destination, destination_ports) = end(tokens)?;
    let upper = upper(tokens)?;
    keyword(tokens, "-P")?;
    let word = tokens.word("in or out")?;
    let direction = parse_direction(word.text).ok_or_else(|| word.error("in or out"))?;
    let priority = priority(tokens)?;
    let action = action(tokens)?;
    let selector = Selector { source, source_ports, destination, destination_ports, upper };
    let mut entry = Entry::new(selector, direction, action);
    entry.priority = priority.unwrap_or_default();
    let mut line = Line { entry, named: priority.map(|_| "priority").into_iter().collect() };
    close(tokens, &mut line)?;
    Ok(line)
}

/// `prio NUMBER`, or `prio low|def|high [+|- OFFSET]`: as here, the higher one is looked at first (setkey(8), "priority specification").
fn priority(tokens: &mut Tokens<'_>) -> Result<Option<i32>, SetkeyError> {
    const EXPECTED: &str = "a priority as 5, -5, def, low + 5 or high - 5";
    const STEP: i64 = 1 << 30;
    if !tokens.peek().is_some_and(|token| ["prio", "priority"].contains(&token.text)) {
        return Ok(None);
    }
    tokens.advance();
    let word = tokens.word(EXPECTED)?;
    let base = match word.text {
        "low" => -STEP,
        "def" => 0,
        "high" => STEP,
        written => {
            let digits = written.strip_prefix('-').unwrap_or(written);
            let known: Option<i64> = number(digits);
            let signed = known.map(|known| if digits == written { known } else { -known });
            return signed.and_then(|n| i32::try_from(n).ok()).map(Some).ok_or_else(|| word.error(EXPECTED));
        }
    };
    let sign = tokens.peek().map_or(0, |token| i64::from(token.text == "+") - i64::from(token.text == "-"));
    if sign == 0 {
        return i32::try_from(base).map(Some).map_err(|_| word.error(EXPECTED));
    }
    tokens.advance();
    let word = tokens.word(EXPECTED)?;
    let offset: Option<i64> = number::<u32>(word.text).map(i64::from);
    let whole = offset.and_then(|offset| i32::try_from(base + sign * offset).ok());
    whole.map(Some).ok_or_else(|| word.error(EXPECTED))
}

/// The optional `;` and the optional comment, which stands on either side of it and on the same line.
fn close(tokens: &mut Tokens<'_>, line: &mut Line) -> Result<(), SetkeyError> {
    let Some(mut last) = tokens.peek() else { return Ok(()) };
    if last.kind == Kind::Fields {
        tokens.advance();
        fields::read(&last, line)?;
    }
    match tokens.peek() {
        Some(token) if token.kind == Kind::Semicolon => {
            tokens.advance();
            if last.kind == Kind::Fields {
                return Ok(());
            }
            last = token;
        }
        Some(token) if token.text != "spdadd" => return Err(token.error("; or the next spdadd")),
        _ => return Ok(()),
    }
    if let Some(comment) = tokens.peek().filter(|next| next.kind == Kind::Fields && next.line == last.line) {
        tokens.advance();
        fields::read(&comment, line)?;
    }
    Ok(())
}

/// The commands of setkey(8) that bring no entry are told from nonsense: a usual file begins with two of them.
fn command(tokens: &mut Tokens<'_>) -> Result<(), SetkeyError> {
    const OTHERS: [&str; 10] =
        ["add", "delete", "deleteall", "dump", "flush", "get", "spddelete", "spddump", "spdflush", "spdupdate"];
    let word = tokens.word("spdadd")?;
    match word.text {
        "spdadd" => Ok(()),
        other if OTHERS.contains(&other) => {
            Err(word.error("spdadd: leave this command of setkey out; nothing is flushed or deleted here"))
        }
        _ => Err(word.error("spdadd")),
    }
}

fn keyword(tokens: &mut Tokens<'_>, keyword: &str) -> Result<(), SetkeyError> {
    let word = tokens.word(keyword)?;
    if word.text == keyword {
        Ok(())
    } else {
        Err(word.error(keyword))
    }
}

fn upper(tokens: &mut Tokens<'_>) -> Result<Upper, SetkeyError> {
    let expected = "udp, tcp or any";
    let word = tokens.word(expected)?;
    Upper::ALL.into_iter().find(|upper| upper.to_string() == word.text).ok_or_else(|| word.error(expected))
}

fn end(tokens: &mut Tokens<'_>) -> Result<(Prefix, Ports), SetkeyError> {
    let word = tokens.word(END)?;
    let (address, ports) = match word.text.strip_suffix(']') {
        None => (word.text, Some(Ports::Any)),
        Some(inside) => {
            let (address, ports) = inside.split_once('[').ok_or_else(|| word.error(END))?;
            (address, parse_ports(ports))
        }
    };
    let ports = ports.ok_or_else(|| word.error("a port, a range as 5004-5005, or any between [ and ]"))?;
    Ok((parse_prefix(address).ok_or_else(|| word.error(END))?, ports))
}

fn parse_prefix(text: &str) -> Option<Prefix> {
    if text == "any" {
        return Some(Prefix::Any);
    }
    match text.split_once('/') {
        None => Some(Prefix::host(text.parse::<IpAddr>().ok()?)),
        Some((address, len)) => Prefix::new(address.parse().ok()?, number(len)?),
    }
}

fn parse_ports(text: &str) -> Option<Ports> {
    if text == "any" {
        return Some(Ports::Any);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(Ports::Range { first, last })
}

/// Digits only: Rust's own parser would take a sign.
pub(super) fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
