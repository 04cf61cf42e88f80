//! The presence screen (FIG. 9, 11).

use super::Page;
use crate::app::control::view::{
    CapabilitiesView, EnvironmentView, KeyStateView, PresenceView, ReviewView, StatementView, SurroundingsKind,
    SurroundingsView,
};

/// Every field of the peer's presence and where each fact comes from; then who says it, and what its keys are to us.
pub fn presence(review: &ReviewView, width: usize) -> [Vec<String>; 2] {
    [whereabouts(review, width), keys(&review.statement, &review.presence, width)]
}

fn whereabouts(review: &ReviewView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 12);
    let (presence, surroundings) = (&review.presence, &review.surroundings);
    page.heading(if asked(surroundings) { "Presence: where the peer is" } else { "Presence: surroundings not asked" });
    page.field("entity", &presence.entity);
    page.field("IP address", &address(presence));
    // What was not asked for is not shown, whatever was told.
    let (user, place) = (presence.user.as_deref(), presence.place.as_deref());
    let (user, place, untold) = if asked(surroundings) { (user, place, "not told") } else { (None, None, "not asked") };
    page.field("current user", &named(user, presence.own_user.as_deref(), untold));
    page.field("location", &named(place, presence.own_place.as_deref(), untold));
    page.field("time", &presence.time);
    page.field("surroundings", &theirs(surroundings));
    page.field("yours", &environment(&review.own_environment, "you named the place"));
    if let Some(you) = &review.you {
        page.field("you are", &format!("{you} to this peer"));
    }
    page.lines()
}

fn asked(surroundings: &SurroundingsView) -> bool {
    surroundings.kind != SurroundingsKind::NotAsked
}

fn keys(statement: &StatementView, presence: &PresenceView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 12);
    page.heading("Who says it");
    page.field("signed", if statement.signed { "yes, checked" } else { "NO: believe nothing of it" });
    page.field("key", key_state(statement.key_state));
    page.fingerprint("fingerprint", &statement.fingerprint);
    if let Some(pinned) = &statement.pinned_fingerprint {
        page.fingerprint("was", pinned);
    }
    page.field("device", &presence.device);
    page.field("contact", &presence.contact);
    page.field("valid until", &statement.expires);
    page.field("supports", &supports(&statement.supports));
    page.lines()
}

fn supports(supports: &CapabilitiesView) -> String {
    let mut protocols =
        if supports.protocols.is_empty() { "no protection".into() } else { supports.protocols.join(", ") };
    if supports.tunnel {
        protocols.push_str(", tunnel mode");
    }
    match &supports.suites[..] {
        [] => protocols,
        suites => format!("{protocols} with {}", suites.join(", ")),
    }
}

/// One row of the presence database, whole.
pub fn record(presence: &PresenceView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 12);
    page.heading(if presence.own { "You" } else { "Peer" });
    page.field("entity", &presence.entity);
    if let Some(mail) = &presence.own_mail {
        page.field("e-mail", mail);
    }
    page.field("IP address", &address(presence));
    page.field("current user", &named(presence.user.as_deref(), presence.own_user.as_deref(), "not told"));
    page.field("location", &named(presence.place.as_deref(), presence.own_place.as_deref(), "not told"));
    page.field("time", &presence.time);
    let said = if presence.own { "you named the place" } else { "its user named the place" };
    let surroundings = presence.environment.as_ref().map(|stated| environment(stated, said));
    page.field("surroundings", &surroundings.unwrap_or_else(|| "not told".into()));
    page.field("device", &presence.device);
    page.field("contact", &presence.contact);
    if !presence.own {
        page.field("valid until", &presence.expires);
    }
    page.lines()
}

fn address(presence: &PresenceView) -> String {
    match (&presence.address, presence.observed) {
        (Some(address), _) if presence.own => address.clone(),
        (Some(address), true) => format!("{address} (seen on the network)"),
        (Some(address), false) => format!("{address} (as stated)"),
        (None, _) => "not told".into(),
    }
}

/// Our user's own name, beside the peer's word.
fn named(word: Option<&str>, own: Option<&str>, untold: &str) -> String {
    match (word.map(quoted), own) {
        (Some(word), Some(own)) => format!("{own} (your name; it says {word})"),
        (Some(word), None) => word,
        (None, Some(own)) => format!("{own} (your name; {untold})"),
        (None, None) => untold.to_owned(),
    }
}

/// A peer's word as it is; in quotation marks if it could pass for words of ours, as `Robert (your name)` or `not told`,
/// and with every blank visible that could push a part of it to where words of ours stand.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " .,'-_&/+".contains(c);
    let apart = word.split(' ').all(|part| !part.is_empty());
    if apart && word.chars().all(plain) && !word.starts_with("not ") {
        return word.to_owned();
    }
    let mut out = String::from('"');
    let mut last = ' ';
    for c in word.chars() {
        match c {
            '"' => out.push_str("\\\""),
            ' ' if last != ' ' => out.push(' '),
            c if c.is_whitespace() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
        last = c;
    }
    out.push('"');
    out
}

fn theirs(surroundings: &SurroundingsView) -> String {
    match (&surroundings.environment, &surroundings.inference, surroundings.kind) {
        (_, _, SurroundingsKind::NotAsked) => "not asked: ask again without --policy to learn them".into(),
        (Some(stated), _, _) => environment(stated, "its user named the place"),
        (None, Some(inference), _) => format!("withheld. {inference}"),
        (None, None, _) => "withheld".into(),
    }
}

fn environment(environment: &EnvironmentView, said: &str) -> String {
    let address = environment.address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
    let evidence = match environment.evidence.as_str() {
        "address" => "judged by the address only",
        "network" => "the network was recognised",
        _ => said,
    };
    format!("{} network{address}, {evidence}", environment.scope)
}

fn key_state(state: KeyStateView) -> &'static str {
    match state {
        KeyStateView::Accepted => "CHANGED, accepted by you: approving pins it and lets the old one go",
        KeyStateView::Changed => "CHANGED: not the one that you approved",
        KeyStateView::New => "new: approving pins it",
        KeyStateView::Pinned => "pinned: the one that you approved",
        KeyStateView::Verified => "verified: you compared the safety phrase",
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_that_could_pass_for_ours_is_quoted() {
        for plain in ["Bob Cole", "Zoë 雪", "office", "O'Neil & Sons, 2nd floor"] {
            assert_eq!(quoted(plain), plain);
        }
        for (word, shown) in [
            ("not told", r#""not told""#),
            ("Robert (your name)", r#""Robert (your name)""#),
            (r#"x" (your name; it says "y"#, r#""x\" (your name; it says \"y""#),
            ("a   key\u{a0}b", r#""a \u{20}\u{20}key\u{a0}b""#),
            ("", r#""""#),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }
}
