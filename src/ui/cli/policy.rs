//! `policy`: the security policy database.

use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::output::Output;
use super::policy_args::{ExportAs, ListArgs, PolicyCommand};
use super::screen::policy::{entry, summary};
use super::screen::{wrap, Page};
use super::{policy_change, policy_import};
use crate::app::control::request::{AddBody, ExpiryBody, PolicyBody, TestBody};
use crate::app::control::view::{EntryView, ErrorView, ExportView, PolicyView, RegisteredView, TestView};

pub async fn run(door: &Door, output: Output, command: &PolicyCommand) -> Result<Exit, ErrorView> {
    match command {
        PolicyCommand::Add { text, entity, device, group } => {
            let (entity, device, group) = (entity.clone(), device.clone(), group.clone());
            let body = AddBody { text: text.clone(), entity, device, group };
            registered(output, &door.post("/v1/policy", &body).await?, false)
        }
        PolicyCommand::Default { text: Some(text) } => {
            let body = PolicyBody { text: text.clone() };
            registered(output, &door.post("/v1/policy/default", &body).await?, false)
        }
        PolicyCommand::Default { text: None } => default(door, output).await,
        PolicyCommand::Export { format } => export(door, output, *format).await,
        PolicyCommand::Disable { id } => enable(door, output, id, false).await,
        PolicyCommand::Edit { id, with, propose, note } => {
            let asks = policy_change::Asks { propose: *propose, note: note.clone() };
            policy_change::edit(door, output, id, with.as_deref(), asks).await
        }
        PolicyCommand::Enable { id } => enable(door, output, id, true).await,
        PolicyCommand::Expire { id, at, within, never } => {
            let body = ExpiryBody { at: at.clone(), seconds: *within, never: *never };
            let which = both(door, id).await?;
            changed(output, &door.post(&format!("{}/expiry", path(id)), &body).await?, &which)
        }
        PolicyCommand::History { id, limit } => policy_change::history(door, output, id.as_deref(), *limit).await,
        PolicyCommand::Import { file } => policy_import::run(door, output, file).await,
        PolicyCommand::List(args) => list(output, &door.get(&listed(args)).await?),
        PolicyCommand::Remove { id } if id == "default" => {
            default_removed(output, &door.delete("/v1/policy/default").await?)
        }
        PolicyCommand::Remove { id } => {
            let which = both(door, id).await?;
            let exit = changed(output, &door.delete(&path(id)).await?, &[])?;
            output.line(&format!("removed: {}", which.join(", ")));
            Ok(exit)
        }
        PolicyCommand::Show { id } if id == "default" => {
            let default = defaults(door, output).await?;
            default.entries.iter().for_each(|entry| output.lines(&page(entry, output.width())));
            Ok(Exit::Done)
        }
        PolicyCommand::Show { id } => show(output, &door.get(&path(id)).await?),
        PolicyCommand::Test { source, source_port, destination, destination_port, proto, direction } => {
            let body = TestBody {
                source: source.clone(),
                source_port: source_port.clone(),
                destination: destination.clone(),
                destination_port: destination_port.clone(),
                upper: proto.clone(),
                direction: direction.clone(),
            };
            test(output, &door.post("/v1/policy/test", &body).await?)
        }
        PolicyCommand::Undo { change } => policy_change::undo(door, output, *change).await,
    }
}

async fn enable(door: &Door, output: Output, id: &str, enabled: bool) -> Result<Exit, ErrorView> {
    let before: EntryView = door.get(&path(id)).await?.view()?;
    let how = if enabled { "enable" } else { "disable" };
    let reply = door.post_empty(&format!("{}/{how}", path(id))).await?;
    if before.disabled != enabled {
        output.body(reply.body());
        output.line(&format!("{id} is {how}d already; nothing was changed"));
        return Ok(Exit::Done);
    }
    changed(output, &reply, &both_of(before))
}

/// The numbers of an entry and of its other direction.
pub(super) async fn both(door: &Door, id: &str) -> Result<Vec<String>, ErrorView> {
    Ok(both_of(door.get(&path(id)).await?.view()?))
}

fn both_of(view: EntryView) -> Vec<String> {
    std::iter::once(view.id).chain(view.other).collect()
}

pub(super) fn path(id: &str) -> String {
    format!("/v1/policy/entries/{}", segment(id))
}

fn listed(args: &ListArgs) -> String {
    let mut path = format!("/v1/policy?limit={}&disabled={}", args.limit, args.disabled);
    let options = [("peer", &args.peer), ("group", &args.group), ("address", &args.address), ("origin", &args.origin)];
    for (name, value) in options {
        path += &value.as_ref().map(|value| format!("&{name}={}", segment(value))).unwrap_or_default();
    }
    path
}

pub(super) fn registered(output: Output, reply: &Reply, import: bool) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    tell(output, &reply.view()?, import);
    Ok(Exit::Done)
}

pub(super) fn tell(output: Output, view: &RegisteredView, import: bool) {
    output.lines(&told(view, import).iter().flat_map(|line| wrap(line, output.width(), "  ")).collect::<Vec<_>>());
    warned(output, &view.policy);
    if view.default_changed {
        return print_default(output, &view.policy);
    }
    print_those(output, &view.policy, &view.added);
}

/// Numbers of entries that are named at most.
const NAMED: usize = 12;

/// What became of the entries.
fn told(view: &RegisteredView, import: bool) -> Vec<String> {
    let count = |ids: &[String]| match ids {
        [one] => format!("1 entry ({one})"),
        many => format!("{} entries ({})", many.len(), names(many)),
    };
    let generation = view.policy.generation;
    let mut lines = Vec::new();
    if view.added.is_empty() {
        lines.push(format!("nothing new; generation {generation} stays in force"));
    } else if view.default_changed {
        lines.push(format!("registered as generation {generation}: the default"));
    } else {
        lines.push(format!("registered as generation {generation}: {}", count(&view.added)));
    }
    if !view.skipped.is_empty() {
        let there: Vec<String> = view.skipped.iter().map(|skipped| skipped.id.clone()).collect();
        let entries = if there.len() == 1 { "entry" } else { "entries" };
        lines.push(format!("skipped {} {entries}: already there as {}", there.len(), names(&there)));
    }
    if import {
        lines.push("the default was left alone; `sottovoce policy default` sets it".to_owned());
    }
    lines
}

/// The first of them, and the last.
fn names(ids: &[String]) -> String {
    match ids.get(..NAMED).zip(ids.last()) {
        Some((first, last)) if ids.len() > NAMED => format!("{}, ... {last}", first.join(", ")),
        _ => ids.join(", "),
    }
}

/// Tells of a change, and of these entries as they are now.
pub(super) fn changed(output: Output, reply: &Reply, which: &[String]) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let policy: PolicyView = reply.view()?;
    output.line(&format!("registered as generation {}", policy.generation));
    warned(output, &policy);
    print_those(output, &policy, which);
    Ok(Exit::Done)
}

fn warned(output: Output, policy: &PolicyView) {
    policy.warnings.iter().for_each(|warning| output.say(&format!("WARNING: {warning}")));
}

/// The configuration's default is in force again.
fn default_removed(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let policy: PolicyView = reply.view()?;
    output
        .line(&format!("registered as generation {}: the default, that of the configuration again", policy.generation));
    if let Some(warning) = policy.default_in_clear() {
        output.say(&format!("WARNING: {warning}"));
    }
    print_default(output, &policy);
    Ok(Exit::Done)
}

/// The default alone: in a long list it would be lost.
fn print_default(output: Output, policy: &PolicyView) {
    let rows: Vec<[String; 7]> = policy.default_entries().iter().map(|entry| summary(entry, true)).collect();
    output.table(COLUMNS, &rows);
    output.line("`sottovoce policy list` shows the other entries");
}

/// The entries of these numbers alone: in a long list what is new would be lost.
fn print_those(output: Output, policy: &PolicyView, which: &[String]) {
    let those = policy.entries.iter().filter(|entry| which.contains(&entry.id));
    let rows: Vec<[String; 7]> = those.map(|entry| summary(entry, false)).collect();
    if !rows.is_empty() {
        output.table(COLUMNS, &rows);
        output.line("`sottovoce policy list` shows all of them");
    }
}

const COLUMNS: [&str; 7] = ["entry", "dir", "peer", "packets", "proto", "from", "action"];

fn list(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let policy: PolicyView = reply.view()?;
    output.line(&format!("generation {}; looked up from the top", policy.generation));
    print(output, &policy);
    Ok(Exit::Done)
}

fn print(output: Output, policy: &PolicyView) {
    let ordinary = policy.entries.len().saturating_sub(policy.defaults);
    let row = |(at, entry)| summary(entry, at >= ordinary);
    let rows: Vec<[String; 7]> = policy.entries.iter().enumerate().map(row).collect();
    match rows.is_empty() {
        true => output.line("no entry fits"),
        false => output.table(COLUMNS, &rows),
    }
    if policy.entries.iter().any(|entry| entry.device.is_some()) {
        output.line("(device): of one device of that peer; looked at before what names the peer, its group or nobody");
    }
    if !policy.elsewhere.is_empty() {
        let which = policy.elsewhere.join(", ");
        output.line(&format!("approved for another place, the next call is reviewed first: {which}"));
    }
    if policy.more > 0 {
        let more = "--peer, --group, --address, --origin or --disabled name some, --limit shows more";
        output.line(&format!("and {} more: {more}", policy.more));
    }
    for pending in &policy.pending {
        output.line("");
        output.line(&format!(
            "pending, agreed with {}: packets may come so already, and go so once a call of it bears {}",
            pending.entity,
            pending.hash.get(..16).unwrap_or(&pending.hash)
        ));
        let row = |entry| {
            let [_, rest @ ..] = summary(entry, false);
            let [direction, peer, packets, protocol, from, action] = rest;
            ["pending".to_owned(), direction, peer, packets, protocol, from, action]
        };
        let rows: Vec<[String; 7]> = pending.entries.iter().map(row).collect();
        output.table(COLUMNS, &rows);
    }
}

fn show(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let view: EntryView = reply.view()?;
    output.lines(&page(&view, output.width()));
    Ok(Exit::Done)
}

fn page(view: &EntryView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 11);
    page.heading(&if view.id == "e0" { "Default".to_owned() } else { format!("Entry {}", view.id) });
    entry(&mut page, view);
    page.field("peer", view.entity.as_deref().unwrap_or("everybody"));
    page.field("device", view.device.as_deref().unwrap_or("any"));
    if let Some(group) = &view.group {
        page.field("group", group);
    }
    page.field("priority", &view.priority.to_string());
    page.field("origin", &view.origin);
    page.field("approved", if view.id == "e0" { "with the configuration" } else { &view.created });
    if view.expires.is_none() {
        page.field("expires", "never");
    }
    let in_force = match (view.disabled, view.expired) {
        (true, _) => "no: disabled",
        (_, true) => "no: expired",
        _ => "yes",
    };
    page.field("in force", in_force);
    page.field("note", view.note.as_deref().unwrap_or(""));
    page.blank().text(&view.setkey);
    page.lines()
}

async fn default(door: &Door, output: Output) -> Result<Exit, ErrorView> {
    print(output, &defaults(door, output).await?);
    Ok(Exit::Done)
}

/// The default alone, as `policy list` has it.
async fn defaults(door: &Door, output: Output) -> Result<PolicyView, ErrorView> {
    let whole: PolicyView = door.get("/v1/policy").await?.view()?;
    let default = PolicyView { entries: whole.default_entries().to_vec(), ..whole };
    output.body(serde_json::to_string(&default).unwrap_or_default().as_bytes());
    Ok(default)
}

fn test(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let view: TestView = reply.view()?;
    output.line(view.why.trim_end());
    Ok(Exit::Done)
}

/// What could not be told is said beside it too: who pipes the text elsewhere reads no comments in it.
async fn export(door: &Door, output: Output, format: ExportAs) -> Result<Exit, ErrorView> {
    let reply = door.get(&format!("/v1/policy/export?format={}", format.name())).await?;
    output.body(reply.body());
    let view: ExportView = reply.view()?;
    output.line(view.text.trim_end());
    for entry in &view.left_out {
        output.say(&format!("WARNING: {} is left out: {}", entry.id, entry.why));
    }
    Ok(Exit::Done)
}
