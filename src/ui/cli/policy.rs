//! `policy`: the security policy database.

use std::io::Read;
use std::path::Path;

use super::args::{ExportAs, PolicyCommand};
use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::output::Output;
use super::screen::policy::{entry, summary};
use super::screen::{wrap, Page};
use crate::app::control::request::{PolicyBody, TestBody};
use crate::app::control::view::{EntryView, ErrorKind, ErrorView, ExportView, PolicyView, RegisteredView, TestView};

/// Longest file of entries that is read, in octets.
const MAX_IMPORT: u64 = 1 << 20;

pub async fn run(door: &Door, output: Output, command: &PolicyCommand) -> Result<Exit, ErrorView> {
    match command {
        PolicyCommand::Add { text } => registered(output, &send(door, "/v1/policy", text).await?, false),
        PolicyCommand::Default { text: Some(text) } => {
            let body = PolicyBody { text: text.clone() };
            registered(output, &door.post("/v1/policy/default", &body).await?, false)
        }
        PolicyCommand::Default { text: None } => default(door, output).await,
        PolicyCommand::Export { format } => export(door, output, *format).await,
        PolicyCommand::Import { file } => {
            registered(output, &send(door, "/v1/policy/import", &read(file)?).await?, true)
        }
        PolicyCommand::List => list(output, &door.get("/v1/policy").await?),
        PolicyCommand::Remove { id } if id == "default" => changed(output, &door.delete("/v1/policy/default").await?),
        PolicyCommand::Remove { id } => {
            changed(output, &door.delete(&format!("/v1/policy/entries/{}", segment(id))).await?)
        }
        PolicyCommand::Show { id } if id == "default" => {
            let default = defaults(door, output).await?;
            default.entries.iter().for_each(|entry| output.lines(&page(entry, output.width())));
            Ok(Exit::Done)
        }
        PolicyCommand::Show { id } => show(output, &door.get(&format!("/v1/policy/entries/{}", segment(id))).await?),
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
    }
}

async fn send(door: &Door, path: &str, text: &str) -> Result<Reply, ErrorView> {
    door.post(path, &PolicyBody { text: text.to_owned() }).await
}

fn registered(output: Output, reply: &Reply, import: bool) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let view: RegisteredView = reply.view()?;
    output.lines(&told(&view, import).iter().flat_map(|line| wrap(line, output.width(), "  ")).collect::<Vec<_>>());
    print(output, &view.policy);
    Ok(Exit::Done)
}

/// What became of the entries.
fn told(view: &RegisteredView, import: bool) -> Vec<String> {
    let count = |ids: &[String]| match ids {
        [one] => format!("1 entry ({one})"),
        many => format!("{} entries ({})", many.len(), many.join(", ")),
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
        lines.push(format!("skipped {} {entries}: already there as {}", there.len(), there.join(", ")));
    }
    if import {
        lines.push("the default was left alone; `sottovoce policy default` sets it".to_owned());
    }
    lines
}

fn changed(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let policy: PolicyView = reply.view()?;
    output.line(&format!("registered as generation {}", policy.generation));
    print(output, &policy);
    Ok(Exit::Done)
}

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
    output.table(["entry", "dir", "peer", "packets", "proto", "from", "action"], &rows);
    for pending in &policy.pending {
        output.line("");
        output.line(&format!(
            "pending, agreed with {}: packets may come so already, and go so once a call of it bears {}",
            pending.entity,
            pending.hash.get(..16).unwrap_or(&pending.hash)
        ));
        let rows: Vec<[String; 7]> = pending.entries.iter().map(|entry| summary(entry, false)).collect();
        output.table(["entry", "dir", "peer", "packets", "proto", "from", "action"], &rows);
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
    page.field("priority", &view.priority.to_string());
    page.field("origin", &view.origin);
    page.field("approved", if view.id == "e0" { "with the configuration" } else { &view.created });
    page.field("expires", view.expires.as_deref().unwrap_or("never"));
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
    let ordinary = whole.entries.len().saturating_sub(whole.defaults);
    let default = PolicyView { entries: whole.entries.into_iter().skip(ordinary).collect(), ..whole };
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

fn read(file: &Path) -> Result<String, ErrorView> {
    let open: std::io::Result<Box<dyn Read>> = match file.to_str() {
        Some("-") => Ok(Box::new(std::io::stdin())),
        _ => std::fs::File::open(file).map(|file| Box::new(file) as Box<dyn Read>),
    };
    let mut text = String::new();
    let read = open.and_then(|file| file.take(MAX_IMPORT + 1).read_to_string(&mut text));
    read.map_err(|why| unreadable(file, &why.to_string()))?;
    if text.len() as u64 > MAX_IMPORT {
        return Err(unreadable(file, "it is larger than 1 MiB"));
    }
    Ok(text)
}

fn unreadable(file: &Path, why: &str) -> ErrorView {
    let name = crate::vocab::escape(&file.to_string_lossy());
    ErrorView {
        code: "file-unreadable".into(),
        message: format!("{name} cannot be read: {why}"),
        subject: name,
        next: "name a file of spdadd lines".into(),
        kind: ErrorKind::Usage,
    }
}
