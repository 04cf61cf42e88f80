//! Which tighter rules: what is missing in one step, or one of three, or the user's own.

use super::output::Output;
use super::prompt::{line, Left};
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
    let typed = line(output, "tighten to 1, 2, 3, or rules of your own (empty goes back): ").await?;
    Ok(match typed.as_str() {
        "" => None,
        "1" => Some(CHOICES[0].0.to_owned()),
        "2" => Some(CHOICES[1].0.to_owned()),
        "3" => Some(CHOICES[2].0.to_owned()),
        rules => Some(rules.to_owned()),
    })
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
