use std::net::IpAddr;

use super::token::{Kind, Token, Tokens};
use super::SetkeyError;
use crate::policy::{Action, Level, Mode, Protocol, Rule};

const ACTION: &str = "discard, none or ipsec";
const RULE: &str = "a rule as esp/transport//require or ah/tunnel/192.0.2.1-192.0.2.2/use";

pub(super) fn action(tokens: &mut Tokens<'_>) -> Result<Action, SetkeyError> {
    let word = tokens.word(ACTION)?;
    match word.text {
        "discard" => Ok(Action::Discard),
        "none" => Ok(Action::None),
        "ipsec" => ipsec(tokens, &word),
        _ => Err(word.error(ACTION)),
    }
}

fn ipsec(tokens: &mut Tokens<'_>, start: &Token<'_>) -> Result<Action, SetkeyError> {
    let mut rules: Vec<Rule> = Vec::new();
    while let Some(token) = tokens.peek().filter(|token| token.kind == Kind::Word && token.text != "spdadd") {
        tokens.advance();
        let rule = rule(token.text).ok_or_else(|| token.error(RULE))?;
        if rules.iter().any(|earlier| earlier.protocol == rule.protocol) {
            return Err(token.error(&format!("{} once only", rule.protocol)));
        }
        rules.push(rule);
    }
    if rules.is_empty() {
        return Err(tokens.error(RULE));
    }
    Action::ipsec(rules).map_err(|why| start.error(&why.to_string()))
}

fn rule(text: &str) -> Option<Rule> {
    let mut parts = text.split('/');
    let (protocol, mode, ends, level) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some(Rule {
        protocol: Protocol::ALL.into_iter().find(|known| known.to_string() == protocol)?,
        mode: self::mode(mode, ends)?,
        level: Level::ALL.into_iter().find(|known| known.to_string() == level)?,
    })
}

fn mode(mode: &str, ends: &str) -> Option<Mode> {
    match mode {
        "transport" => ends.is_empty().then_some(Mode::Transport),
        "tunnel" => {
            let (source, destination) = ends.split_once('-')?;
            let end = |text: &str| text.parse::<IpAddr>().ok().map(|address| address.to_canonical());
            let (source, destination) = (end(source)?, end(destination)?);
            (source.is_ipv4() == destination.is_ipv4()).then_some(Mode::Tunnel { source, destination })
        }
        _ => None,
    }
}
