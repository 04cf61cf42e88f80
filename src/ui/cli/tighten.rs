//! Which tighter rules: what is missing in one step, or one of three, or the user's own.

use super::keyboard::{line, Left};
use super::output::Output;
use crate::app::control::view::ReviewView;

/// Each with the protocols that it asks for.
const CHOICES: [(&str, &[&str]); 3] = [
    ("ipsec esp/transport//require", &["esp"]),
    ("ipsec ah/transport//require", &["ah"]),
    ("ipsec esp/transport//require ah/transport//require", &["ah", "esp"]),
];

/// The rules as they are to be approved; `None` when the user goes back.
pub async fn rules(output: Output, review: &ReviewView) -> Result<Option<String>, Left> {
    if let Some(rules) = &review.one_step {
        return Ok(Some(rules.clone()));
    }
    output.lines(&choices(review));
    loop {
        let typed = line(output, "tighten to 1, 2, 3, or rules of your own (empty goes back): ").await?;
        match chosen(&typed) {
            Ok(rules) => return Ok(rules),
            Err(why) => output.say(why),
        }
    }
}

fn chosen(typed: &str) -> Result<Option<String>, &'static str> {
    let number: Option<usize> = match typed {
        "" => return Ok(None),
        rules => rules.parse().ok(),
    };
    match number.map(|number| CHOICES.get(number.wrapping_sub(1))) {
        None => Ok(Some(typed.to_owned())),
        Some(Some((rules, _))) => Ok(Some((*rules).to_owned())),
        Some(None) => Err("there are three: type 1, 2 or 3, or rules such as `ipsec esp/transport//require`"),
    }
}

fn choices(review: &ReviewView) -> Vec<String> {
    let numbered = |(at, (rules, protocols)): (usize, &(&str, &[&str]))| {
        let remark = remark(review, rules, protocols).map(|remark| format!("   ({remark})")).unwrap_or_default();
        format!("  {}  {rules}{remark}", at + 1)
    };
    CHOICES.iter().enumerate().map(numbered).collect()
}

/// What the agent will say to it, as far as it can be seen from here.
fn remark(review: &ReviewView, rules: &str, protocols: &[&str]) -> Option<&'static str> {
    let supported = |protocol: &&str| review.statement.supports.protocols.iter().any(|known| known == protocol);
    let left_out = |protocol: &String| !protocols.contains(&protocol.as_str());
    let asked = review.proposed.iter().flat_map(|entry| &entry.rules).map(|rule| &rule.protocol);
    if !protocols.iter().all(supported) {
        Some("the peer cannot")
    } else if asked.into_iter().any(left_out) || review.proposed.iter().any(|entry| entry.action == "discard") {
        Some("less than the peer asks")
    } else if rules == review.advice.least {
        Some("as advised")
    } else {
        None
    }
}
