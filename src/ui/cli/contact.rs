//! `contact` and `group`: whom you know, and what holds for whom.

use super::args::{ContactCommand, GroupCommand, GroupFlags};
use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::{ContactBody, ContactChangeBody, GroupBody, GroupChangeBody};
use crate::app::control::view::{ContactList, ContactView, ErrorView, GroupList, GroupView};

pub async fn run(door: &Door, output: Output, command: &ContactCommand) -> Result<Exit, ErrorView> {
    match command {
        ContactCommand::Add { name, peer, address, group, note } => {
            let body = ContactBody {
                name: name.clone(),
                peer: peer.clone(),
                addresses: address.clone(),
                group: group.clone(),
                note: note.clone(),
            };
            show(output, &door.post("/v1/contacts", &body).await?)
        }
        ContactCommand::List => list(output, &door.get("/v1/contacts").await?),
        ContactCommand::Show { contact } => show(output, &door.get(&path(contact)).await?),
        ContactCommand::Set { contact, name, peer, address, no_address, group, note } => {
            let addresses = (!address.is_empty() || *no_address).then(|| address.clone());
            let body = ContactChangeBody {
                name: name.clone(),
                peer: peer.clone(),
                addresses,
                group: group.clone(),
                note: note.clone(),
            };
            show(output, &door.post(&path(contact), &body).await?)
        }
        ContactCommand::Remove { contact } => list(output, &door.delete(&path(contact)).await?),
    }
}

/// What the name of a contact stands for; all else is left as it was typed.
pub async fn entity_of(door: &Door, typed: &str) -> Result<String, ErrorView> {
    let list: ContactList = door.get("/v1/contacts").await?.view()?;
    let is = |contact: &&ContactView| contact.name.to_lowercase() == typed.to_lowercase();
    Ok(list.contacts.iter().find(is).map_or_else(|| typed.to_owned(), |contact| contact.entity.clone()))
}

pub async fn groups(door: &Door, output: Output, command: &GroupCommand) -> Result<Exit, ErrorView> {
    match command {
        GroupCommand::Add { name, relation, flags } => {
            let body = GroupBody { name: name.clone(), relation: relation.clone(), change: change(flags) };
            show_group(output, &door.post("/v1/groups", &body).await?)
        }
        GroupCommand::List => list_groups(output, &door.get("/v1/groups").await?),
        GroupCommand::Set { name, flags } => {
            let path = format!("/v1/groups/{}", segment(name));
            show_group(output, &door.post(&path, &change(flags)).await?)
        }
        GroupCommand::Remove { name } => {
            list_groups(output, &door.delete(&format!("/v1/groups/{}", segment(name))).await?)
        }
    }
}

fn change(flags: &GroupFlags) -> GroupChangeBody {
    let rings = flags.rings.as_deref().map(|word| word == "yes");
    GroupChangeBody { watchers: flags.watchers.clone(), approve: flags.approve.clone(), rings }
}

fn path(contact: &str) -> String {
    format!("/v1/contacts/{}", segment(contact))
}

fn show(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let contact: ContactView = reply.view()?;
    output.line(&format!("{}: {}", contact.name, contact.entity));
    let group = match &contact.group {
        Some(group) if !contact.approved => format!(
            "  group {group}: nothing that it says counts before a key of theirs is approved: `sottovoce ask {}`",
            contact.entity
        ),
        Some(group) => format!("  group {group}"),
        None => "  in no group: `sottovoce contact set NAME --group friend`, see `sottovoce group list`".to_owned(),
    };
    output.line(&group);
    if !contact.addresses.is_empty() {
        output.line(&format!("  also {}", contact.addresses.join(", ")));
    }
    if let Some(note) = &contact.note {
        output.line(&format!("  note {note}"));
    }
    output.line(&format!("  since {}", contact.since));
    Ok(Exit::Done)
}

fn list(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let list: ContactList = reply.view()?;
    let row = |contact: &ContactView| {
        let group = contact.group.clone().map(|group| match contact.approved {
            true => group,
            false => format!("{group} (key not approved)"),
        });
        let group = group.unwrap_or_default();
        [contact.name.clone(), contact.entity.clone(), group, contact.addresses.join(", ")]
    };
    let rows: Vec<[String; 4]> = list.contacts.iter().map(row).collect();
    match rows.is_empty() {
        true => output.line("there is no contact: `sottovoce contact add NAME PEER` saves one"),
        false => output.table(["name", "entity", "group", "also"], &rows),
    }
    Ok(Exit::Done)
}

fn show_group(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let group: GroupView = reply.view()?;
    table(output, &[group]);
    Ok(Exit::Done)
}

fn list_groups(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let list: GroupList = reply.view()?;
    table(output, &list.groups);
    Ok(Exit::Done)
}

fn table(output: Output, groups: &[GroupView]) {
    let row = |group: &GroupView| {
        let member = |name: &String| match group.unproven.contains(name) {
            true => format!("{name} (key not approved: nothing of this counts yet)"),
            false => name.clone(),
        };
        let members = match group.relation == "unknown" {
            true => "everybody else: `unknown` in [watchers] of the configuration".to_owned(),
            false => group.members.iter().map(member).collect::<Vec<_>>().join(", "),
        };
        [
            group.name.clone(),
            group.relation.clone(),
            group.watchers.clone(),
            approved(group.approve.as_deref()),
            if group.rings { "rings" } else { "waits" }.to_owned(),
            members,
        ]
    };
    let rows: Vec<[String; 6]> = groups.iter().map(row).collect();
    output.table(["group", "relation", "watchers", "approved by itself", "in quiet hours", "members"], &rows);
}

/// The advice holds beside the rules, so that `none` is not everything.
fn approved(rules: Option<&str>) -> String {
    match rules {
        None => "never".to_owned(),
        Some("none") => "whatever is not below the advice".to_owned(),
        Some(rules) => rules.to_owned(),
    }
}
