//! `identity`: who this device is, whose keys are pinned, and the safety phrase.

use super::args::IdentityCommand;
use super::contact;
use super::door::{Door, Reply};
use super::exit::Exit;
use super::keyboard::line;
use super::output::Output;
use super::screen::Page;
use crate::app::control::request::{RevokeBody, VerifyBody, VouchBody, WordBody};
use crate::app::control::view::{ErrorKind, ErrorView, IdentityView, PinView, VouchView};
use crate::vocab::Entity;

pub async fn run(door: &Door, output: Output, command: &IdentityCommand) -> Result<Exit, ErrorView> {
    let reply = door.get("/v1/identity").await?;
    let identity: IdentityView = reply.view()?;
    match command {
        IdentityCommand::Show => {
            output.body(reply.body());
            output.lines(&page(&identity, output.width()));
            // Not in the table, which folds: it is to be copied whole.
            output.line("");
            output.line("an older device of yours vouches for this one with:");
            output.line(&format!("sottovoce identity vouch {}", identity.introduction));
            Ok(Exit::Done)
        }
        IdentityCommand::Revoke { account } => revoke(door, output, account.clone()).await,
        IdentityCommand::Take { word, account } => take(door, output, word, account.clone()).await,
        IdentityCommand::Vouch { word, account, yes } => vouch(door, output, (word, account.as_deref()), *yes).await,
        IdentityCommand::Verify { entity, yes } => {
            let entity = spelled(&contact::entity_of(door, entity).await?);
            let pins: Vec<&PinView> = identity.pins.iter().filter(|pin| pin.entity == entity).collect();
            show_phrases(output, &pins, &identity.entity);
            if !pins.is_empty() && pins.iter().all(|pin| pin.verified) {
                output.body(reply.body());
                output.line(&format!("{} was verified before: nothing is left to do", crate::vocab::escape(&entity)));
                return Ok(Exit::Done);
            }
            verify(door, output, &entity, pins.is_empty(), *yes).await
        }
    }
}

fn page(identity: &IdentityView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, "fingerprint".len());
    page.heading("This device");
    page.field("entity", &identity.entity)
        .field("device", &identity.device)
        .fingerprint("fingerprint", &identity.fingerprint)
        .field("vouched by", identity.vouched_by.as_deref().unwrap_or("no other device of yours"));
    for name in identity.vouched_names.iter().filter(|_| identity.vouched_names != [identity.entity.clone()]) {
        page.field("as", name);
    }
    for pin in &identity.pins {
        page.blank().heading("Pinned");
        pinned(&mut page, pin, &identity.entity);
    }
    page.lines()
}

/// `own` is the agent's own name.
fn pinned(page: &mut Page, pin: &PinView, own: &str) {
    page.field("entity", &pin.entity).field("device", &pin.device).fingerprint("fingerprint", &pin.fingerprint);
    page.field("since", &pin.since);
    page.field("verified", if pin.verified { "yes" } else { "no: compare the safety phrase" });
    if pin.you != own {
        page.field("you are", &pin.you);
    }
    page.field("phrase", &pin.phrase.join(" "));
}

/// Whoever is vouched for is trusted by all who trust this device.
async fn vouch(door: &Door, output: Output, what: (&str, Option<&str>), yes: bool) -> Result<Exit, ErrorView> {
    let read: VouchView = post_vouch(door, what, false).await?.view()?;
    if !yes && !output.is_interactive() {
        return Err(not_vouched());
    }
    let mut page = Page::new(output.width(), "fingerprint".len());
    page.heading("The new device");
    page.field("device", &read.device).fingerprint("fingerprint", &read.fingerprint);
    output.lines(&page.lines());
    let question = format!("does it show the same, and is it yours, of {}? [y/N] ", read.entity);
    if !yes && !said_yes(output, &question).await {
        return Err(not_vouched());
    }
    let reply = post_vouch(door, what, true).await?;
    output.body(reply.body());
    let given: VouchView = reply.view()?;
    output.line(&format!("on that device: sottovoce identity take {}", given.word.unwrap_or_default()));
    Ok(Exit::Done)
}

async fn post_vouch(door: &Door, (word, account): (&str, Option<&str>), confirmed: bool) -> Result<Reply, ErrorView> {
    let body = VouchBody { word: word.to_owned(), confirmed, account: account.map(str::to_owned) };
    door.post("/v1/identity/vouch", &body).await
}

async fn revoke(door: &Door, output: Output, account: Option<String>) -> Result<Exit, ErrorView> {
    let reply = door.post("/v1/identity/revoke", &RevokeBody { account }).await?;
    output.body(reply.body());
    output.line(
        "taken back: what this device says of itself bears it no more; who trusts this device because of it still does",
    );
    Ok(Exit::Done)
}

async fn take(door: &Door, output: Output, word: &str, account: Option<String>) -> Result<Exit, ErrorView> {
    let reply = door.post("/v1/identity/take", &WordBody { word: word.to_owned(), account }).await?;
    output.body(reply.body());
    output.line("taken: what this device says of itself bears it from now on");
    Ok(Exit::Done)
}

fn not_vouched() -> ErrorView {
    ErrorView {
        code: "not-vouched".into(),
        message: "it was not confirmed that the device is yours: it gets no word".into(),
        next: "compare its fingerprint (`sottovoce identity show` on it), then repeat with --yes".into(),
        subject: "vouch".into(),
        kind: ErrorKind::Trust,
    }
}

fn show_phrases(output: Output, pins: &[&PinView], own: &str) {
    if pins.is_empty() {
        return;
    }
    let mut page = Page::new(output.width(), 11);
    page.heading("Safety phrase: the same words must be on both screens");
    pins.iter().for_each(|pin| pinned(&mut page, pin, own));
    output.lines(&page.lines());
}

/// Who is `unknown` is left for the agent to refuse.
async fn verify(door: &Door, output: Output, entity: &str, unknown: bool, yes: bool) -> Result<Exit, ErrorView> {
    let same = unknown || yes || output.is_interactive() && said_yes(output, "are they the same? [y/N] ").await;
    if !same {
        return Err(not_compared(entity));
    }
    let reply = door.post("/v1/identity/verify", &VerifyBody { entity: entity.to_owned() }).await?;
    output.body(reply.body());
    output.line(&format!("{} is verified", crate::vocab::escape(entity)));
    Ok(Exit::Done)
}

/// As pins are written: the user may leave the scheme out. What is no entity is left for the agent to refuse.
fn spelled(entity: &str) -> String {
    let read = Entity::parse(entity).or_else(|_| Entity::parse(&format!("sip:{entity}")));
    read.map_or_else(|_| entity.to_owned(), |entity| entity.to_string())
}

async fn said_yes(output: Output, question: &str) -> bool {
    line(output, question).await.is_ok_and(|typed| typed.eq_ignore_ascii_case("y") || typed.eq_ignore_ascii_case("yes"))
}

fn not_compared(entity: &str) -> ErrorView {
    let entity = crate::vocab::escape(entity);
    ErrorView {
        code: "not-compared".into(),
        message: format!("the safety phrase with {entity} was not confirmed"),
        next: "read the words to each other, over a call or when you meet, then repeat with --yes; if they differ, somebody stands between you".into(),
        subject: entity,
        kind: ErrorKind::Trust,
    }
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn an_entity_is_found_with_and_without_its_scheme() {
        assert_eq!(spelled("bob@127.0.7.2"), "sip:bob@127.0.7.2");
        assert_eq!(spelled("sip:bob@127.0.7.2"), "sip:bob@127.0.7.2");
        assert_eq!(spelled("127.0.7.2"), "sip:127.0.7.2");
        assert_eq!(spelled("no entity"), "no entity");
    }
}
