//! The presence screen (FIG. 9, 11).

use super::Page;
use crate::app::control::view::{
    EnvironmentView, KeyStateView, PresenceView, ReviewView, StatementView, SurroundingsKind, SurroundingsView,
};

/// Every field of the peer's presence, where each fact comes from, and what its keys are to us.
pub fn presence(review: &ReviewView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 12);
    let presence = &review.presence;
    page.heading("Presence: where the peer is");
    page.field("entity", &presence.entity);
    page.field("IP address", &address(presence));
    page.field("current user", &named(presence.user.as_deref(), presence.own_user.as_deref(), &review.surroundings));
    page.field("location", &named(presence.place.as_deref(), presence.own_place.as_deref(), &review.surroundings));
    page.field("time", &presence.time);
    page.field("surroundings", &surroundings(&review.surroundings));
    page.field("yours", &environment(&review.own_environment));
    page.blank();
    keys(&mut page, &review.statement, presence);
    page.lines()
}

fn keys(page: &mut Page, statement: &StatementView, presence: &PresenceView) {
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
}

/// One row of the presence database, whole.
pub fn record(presence: &PresenceView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 12);
    page.heading(if presence.own { "You" } else { "Peer" });
    page.field("entity", &presence.entity);
    page.field("IP address", &address(presence));
    let plain = |word: Option<&str>, own: Option<&str>| match (word, own) {
        (Some(word), Some(own)) => format!("{own} (it says: {word})"),
        (None, Some(own)) => format!("{own} (your name)"),
        (word, None) => word.unwrap_or("not told").to_owned(),
    };
    page.field("current user", &plain(presence.user.as_deref(), presence.own_user.as_deref()));
    page.field("location", &plain(presence.place.as_deref(), presence.own_place.as_deref()));
    page.field("time", &presence.time);
    if let Some(stated) = &presence.environment {
        page.field("surroundings", &environment(stated));
    }
    page.field("device", &presence.device);
    page.field("contact", &presence.contact);
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

fn named(word: Option<&str>, own: Option<&str>, surroundings: &SurroundingsView) -> String {
    match (word, own) {
        (Some(word), Some(own)) => format!("{own} (it says: {word})"),
        (Some(word), None) => word.to_owned(),
        (None, Some(own)) => format!("{own} (your name; not told)"),
        (None, None) if surroundings.kind == SurroundingsKind::NotAsked => "not asked".into(),
        (None, None) => "not told".into(),
    }
}

fn surroundings(surroundings: &SurroundingsView) -> String {
    match (&surroundings.environment, &surroundings.inference, surroundings.kind) {
        (_, _, SurroundingsKind::NotAsked) => "surroundings not asked".into(),
        (Some(stated), _, _) => environment(stated),
        (None, Some(inference), _) => format!("withheld; {inference} (our inference)"),
        (None, None, _) => "withheld".into(),
    }
}

fn environment(environment: &EnvironmentView) -> String {
    let address = environment.address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
    let evidence = match environment.evidence.as_str() {
        "address" => "judged by the address only",
        "network" => "the network was recognised",
        _ => "its user said so",
    };
    format!("{} network{address}, {evidence}", environment.scope)
}

fn key_state(state: KeyStateView) -> &'static str {
    match state {
        KeyStateView::Changed => "CHANGED: not the one that you approved",
        KeyStateView::New => "new: approving pins it",
        KeyStateView::Pinned => "pinned: the one that you approved",
        KeyStateView::Verified => "verified: you compared the safety phrase",
    }
}
