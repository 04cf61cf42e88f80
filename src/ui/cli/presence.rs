//! `presence`: what peers said of themselves, and what we say.

use super::args::{PresenceCommand, WatchersCommand};
use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::output::Output;
use super::screen::presence::record;
use super::{watch, watchers};
use crate::app::control::request::NamesBody;
use crate::app::control::view::{ErrorView, PresenceList, PresenceView};

pub async fn run(door: &Door, output: Output, command: &PresenceCommand) -> Result<Exit, ErrorView> {
    match command {
        PresenceCommand::List => list(output, &door.get("/v1/presence").await?),
        PresenceCommand::Remove { entity } => list(output, &door.delete(&path(entity)).await?),
        PresenceCommand::Rename { entity, user, place, mail } => {
            let body = NamesBody { user: user.clone(), place: place.clone(), mail: mail.clone() };
            show(output, &door.post(&path(entity), &body).await?)
        }
        PresenceCommand::Set { user, place } => {
            let body = NamesBody { user: user.clone(), place: place.clone(), mail: None };
            own(output, &door.post("/v1/presence", &body).await?)
        }
        PresenceCommand::Unwatch { peer } => watch::unwatch(door, output, peer).await,
        PresenceCommand::Watch { peer } => watch::watch(door, output, peer).await,
        PresenceCommand::Watchers => watchers::run(door, output, &WatchersCommand::List).await,
        PresenceCommand::Watching => watch::watching(door, output).await,
        PresenceCommand::Show { entity } => show(output, &door.get(&path(entity)).await?),
    }
}

fn path(entity: &str) -> String {
    format!("/v1/presence/{}", segment(entity))
}

fn show(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let list: PresenceList = reply.view()?;
    for presence in &list.presences {
        output.lines(&record(presence, output.width()));
        output.line("");
    }
    Ok(Exit::Done)
}

fn own(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    output.lines(&record(&reply.view()?, output.width()));
    Ok(Exit::Done)
}

fn list(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let list: PresenceList = reply.view()?;
    let rows: Vec<[String; 5]> = list.presences.iter().map(row).collect();
    output.table(["entity", "IP address", "user", "location", "time"], &rows);
    Ok(Exit::Done)
}

fn row(presence: &PresenceView) -> [String; 5] {
    let name = |own: &Option<String>, word: &Option<String>| own.clone().or_else(|| word.clone()).unwrap_or_default();
    let entity = if presence.own { format!("{} (you)", presence.entity) } else { presence.entity.clone() };
    [
        entity,
        presence.address.clone().unwrap_or_default(),
        name(&presence.own_user, &presence.user),
        name(&presence.own_place, &presence.place),
        presence.time.clone(),
    ]
}
