//! The policy screen (FIG. 8, 12, 13).

use super::Page;
use crate::app::control::view::{EntryView, RuleView};

/// Every field of one entry, with the choices that there are.
pub fn entry(page: &mut Page, entry: &EntryView) {
    page.field("source", &format!("{}  port {}", entry.source, entry.source_ports));
    page.field("destination", &format!("{}  port {}", entry.destination, entry.destination_ports));
    page.field("protocol", &choice(&["tcp", "udp", "any"], &entry.upper));
    page.field("direction", &choice(&["in", "out"], &entry.direction));
    page.field("action", &choice(&["discard", "none", "ipsec"], &entry.action));
    for protocol in ["ah", "esp", "ipcomp"] {
        page.field(protocol, &rule(entry.rules.iter().find(|rule| rule.protocol == protocol)));
    }
    let suites = if entry.suites.is_empty() { "every suite".into() } else { entry.suites.join(", ") };
    page.field("suites", &suites);
}

fn rule(rule: Option<&RuleView>) -> String {
    let Some(rule) = rule else { return "[ ]".into() };
    let endpoint = rule.endpoint.as_ref().map(|ends| format!(" {}-{}", ends.source, ends.destination));
    let mode = choice(&["transport", "tunnel"], &rule.mode);
    format!("[x] {mode}{} {}", endpoint.unwrap_or_default(), choice(&["default", "use", "require"], &rule.level))
}

/// `( ) discard (•) none ( ) ipsec`; a value that is none of them stands behind.
fn choice(options: &[&str], chosen: &str) -> String {
    let mut out: Vec<String> =
        options.iter().map(|option| format!("({}) {option}", if *option == chosen { "•" } else { " " })).collect();
    if !options.contains(&chosen) {
        out.push(format!("(•) {chosen}"));
    }
    out.join(" ")
}

/// One entry in short, for lists.
pub fn summary(entry: &EntryView) -> [String; 6] {
    let end = |address: &str, ports: &str| match ports {
        "any" => address.to_owned(),
        ports => format!("{address}[{ports}]"),
    };
    let action = match entry.rules.is_empty() {
        true => entry.action.clone(),
        false => entry.rules.iter().map(short_rule).collect::<Vec<_>>().join(" "),
    };
    let peer = entry.entity.clone().or_else(|| entry.group.clone()).unwrap_or_else(|| "everybody".into());
    let id = if entry.id == "e0" { "default".to_owned() } else { entry.id.clone() };
    let ends =
        format!("{} -> {}", end(&entry.source, &entry.source_ports), end(&entry.destination, &entry.destination_ports));
    [id, entry.direction.clone(), peer, ends, entry.upper.clone(), format!("{action}  ({})", entry.origin)]
}

fn short_rule(rule: &RuleView) -> String {
    format!("{}/{}//{}", rule.protocol, rule.mode, rule.level)
}
