//! The policy screen (FIG. 8, 12, 13).

use super::Page;
use crate::app::control::view::{EntryView, RuleView};

/// Every field of one entry, with the choices that there are.
pub fn entry(page: &mut Page, entry: &EntryView) {
    page.words("source", [entry.source.as_str(), &format!(" port {}", entry.source_ports)]);
    page.words("destination", [entry.destination.as_str(), &format!(" port {}", entry.destination_ports)]);
    page.marked("protocol", "", &choice(&["tcp", "udp", "any"], &entry.upper));
    page.marked("direction", "", &choice(&["in", "out"], &entry.direction));
    page.marked("action", "", &choice(&["discard", "none", "ipsec"], &entry.action));
    for protocol in ["ah", "esp", "ipcomp"] {
        rule(page, protocol, entry.rules.iter().find(|rule| rule.protocol == protocol));
    }
    // That of telephones is no box of FIG. 8: it stands there where it is asked for.
    if let Some(srtp) = entry.rules.iter().find(|rule| rule.protocol == "srtp") {
        rule(page, "srtp", Some(srtp));
    }
    match &entry.suites[..] {
        [] if entry.rules.iter().any(|rule| rule.protocol == "esp") => page.field("suites", "every suite"),
        [] => page,
        suites => page.field("suites", &suites.join(", ")),
    };
    if let Some(tfc) = entry.tfc {
        page.field("one size", if tfc { "every packet is padded to it" } else { "no" });
    }
    if let Some(expires) = &entry.expires {
        page.field(if entry.expired { "expired" } else { "expires" }, expires);
    }
}

/// Whether the protocol is asked for; if it is, its mode, and below that its level.
fn rule(page: &mut Page, protocol: &str, rule: Option<&RuleView>) {
    let Some(rule) = rule else {
        page.field(protocol, "[ ]");
        return;
    };
    let mut mode = choice(&["transport", "tunnel"], &rule.mode);
    mode.extend(rule.endpoint.as_ref().map(|ends| format!("{}-{}", ends.source, ends.destination)));
    page.marked(protocol, "[x] ", &mode);
    page.marked("", "    ", &choice(&["default", "use", "require"], &rule.level));
}

/// `( ) discard`, `(•) none`, `( ) ipsec`; a value that is none of them stands behind.
fn choice(options: &[&str], chosen: &str) -> Vec<String> {
    let mut out: Vec<String> =
        options.iter().map(|option| format!("({}) {option}", if *option == chosen { "•" } else { " " })).collect();
    if !options.contains(&chosen) {
        out.push(format!("(•) {chosen}"));
    }
    out
}

/// Behind a peer whose entry is for one of its devices: it is looked at before those for the peer, or for everybody.
pub const ONE_DEVICE: &str = " (device)";

/// One entry in short, for lists.
pub fn summary(entry: &EntryView, default: bool) -> [String; 7] {
    let end = |address: &str, ports: &str| match ports {
        "any" => host(address).to_owned(),
        ports => format!("{}[{ports}]", host(address)),
    };
    let mut peer = entry.entity.clone().or_else(|| entry.group.clone()).unwrap_or_else(|| "everybody".into());
    if entry.device.is_some() {
        peer += ONE_DEVICE;
    }
    let id = match (default, entry.id.as_str()) {
        (true, "e0") => "default".to_owned(),
        (true, id) => format!("{id} default"),
        (false, id) => id.to_owned(),
    };
    let ends =
        format!("{} -> {}", end(&entry.source, &entry.source_ports), end(&entry.destination, &entry.destination_ports));
    let mut action = action(entry);
    if entry.disabled {
        action += ", disabled";
    }
    if let Some(end) = &entry.expires {
        action += &format!(", {} {end}", if entry.expired { "expired" } else { "until" });
    }
    [id, entry.direction.clone(), peer, ends, entry.upper.clone(), entry.origin.clone(), action]
}

/// A prefix that is one address, without its length.
fn host(prefix: &str) -> &str {
    let length = if prefix.contains(':') { "/128" } else { "/32" };
    prefix.strip_suffix(length).unwrap_or(prefix)
}

/// `none`, `esp/transport//require`; rules that differ in their protocol alone are joined: `ah+esp/transport//require`.
fn action(entry: &EntryView) -> String {
    let Some(first) = entry.rules.first() else { return entry.action.clone() };
    let alike =
        |rule: &RuleView| (&rule.mode, &rule.level, &rule.endpoint) == (&first.mode, &first.level, &first.endpoint);
    if entry.rules.iter().all(alike) {
        let mut protocols: Vec<&str> = entry.rules.iter().map(|rule| rule.protocol.as_str()).collect();
        protocols.sort_unstable();
        return format!("{}/{}/{}/{}", protocols.join("+"), first.mode, ends(first), first.level);
    }
    let rule = |rule: &RuleView| format!("{}/{}/{}/{}", rule.protocol, rule.mode, ends(rule), rule.level);
    entry.rules.iter().map(rule).collect::<Vec<_>>().join(" ")
}

/// Of a tunnel.
fn ends(rule: &RuleView) -> String {
    rule.endpoint.as_ref().map(|ends| format!("{}-{}", ends.source, ends.destination)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_one_address_is_shown_as_the_address() {
        for (prefix, shown) in [
            ("192.168.1.1/32", "192.168.1.1"),
            ("192.168.1.0/24", "192.168.1.0/24"),
            ("2001:db8::1/128", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("any", "any"),
        ] {
            assert_eq!(host(prefix), shown);
        }
    }
}
