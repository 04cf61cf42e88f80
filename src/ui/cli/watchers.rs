//! `watchers`: who follows you, what each is told, and your answers to those who ask.

use super::args::WatchersCommand;
use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::WatcherBody;
use crate::app::control::view::{
    ErrorView, ServerWatchersView, WatcherList, WatcherRuleView, WatcherStateView, WatcherView,
};

pub async fn run(door: &Door, output: Output, command: &WatchersCommand) -> Result<Exit, ErrorView> {
    match command {
        WatchersCommand::List => list(output, &door.get("/v1/watchers").await?),
        WatchersCommand::Allow { whom } => answer(door, output, whom, "allow").await,
        WatchersCommand::PolicyOnly { whom } => answer(door, output, whom, "policy-only").await,
        WatchersCommand::PoliteBlock { whom } => answer(door, output, whom, "polite-block").await,
        WatchersCommand::Block { whom } => answer(door, output, whom, "block").await,
        WatchersCommand::Forget { whom } => {
            let before = followers(door).await?;
            let reply = door.delete(&format!("/v1/watchers/{}", segment(whom))).await?;
            list(output, &reply)?;
            tell_of_return(output, &before, &reply)
        }
    }
}

async fn followers(door: &Door) -> Result<Vec<WatcherView>, ErrorView> {
    Ok(door.get("/v1/watchers").await?.view::<WatcherList>()?.watchers)
}

/// Who has to prove anew whom the answer is about is away for a moment.
fn tell_of_return(output: Output, before: &[WatcherView], reply: &Reply) -> Result<Exit, ErrorView> {
    let list: WatcherList = reply.view()?;
    let left = before.iter().filter(|view| view.state == WatcherStateView::Active);
    for view in left.filter(|view| list.watchers.iter().all(|now| now.id != view.id)) {
        let number = view.id.clone().unwrap_or_default();
        output.line(&format!("{number}, {}, was told to ask anew, and may be back within half a minute", who(view)));
    }
    Ok(Exit::Done)
}

async fn answer(door: &Door, output: Output, whom: &str, watchers: &str) -> Result<Exit, ErrorView> {
    let body = WatcherBody { watchers: watchers.to_owned() };
    let before = followers(door).await?;
    let reply = door.post(&format!("/v1/watchers/{}", segment(whom)), &body).await?;
    list(output, &reply)?;
    match watchers {
        "block" => Ok(Exit::Done),
        _ => tell_of_return(output, &before, &reply),
    }
}

fn list(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let list: WatcherList = reply.view()?;
    let rows: Vec<[String; 5]> = list.watchers.iter().map(watcher).collect();
    match rows.is_empty() {
        true => output.line("nobody follows this device now"),
        false => output.table(["number", "who", "IP address", "since", "is told"], &rows),
    }
    if !list.answers.is_empty() {
        output.line("your answers, by key:");
        let rows: Vec<[String; 4]> = list.answers.iter().map(rule).collect();
        output.table(["key", "who", "is told", "since"], &rows);
    }
    list.servers.iter().for_each(|server| at_server(output, server));
    Ok(Exit::Done)
}

fn rule(rule: &WatcherRuleView) -> [String; 4] {
    let key: String = rule.key.chars().take(16).collect();
    [key, rule.entity.clone(), told(&rule.watchers).to_owned(), rule.since.clone()]
}

/// Nothing of it is proven.
fn at_server(output: Output, server: &ServerWatchersView) {
    let what = format!("what {} publishes", server.entity);
    match (&server.failure, server.told, server.watchers.is_empty()) {
        (Some(failure), ..) => output.line(&format!("{}: {}", failure.message, failure.next)),
        (None, false, _) => output.line(&format!("{what}: its server has not told yet who follows it")),
        (None, true, true) => output.line(&format!("{what}: nobody follows it, as its server tells")),
        (None, true, false) => {
            output.line(&format!("{what}, as its server tells:"));
            let rows: Vec<[String; 4]> = server.watchers.iter().map(there).collect();
            output.table(["who", "IP address", "since", "state"], &rows);
        }
    }
}

fn there(view: &WatcherView) -> [String; 4] {
    let state = match view.state {
        WatcherStateView::Active => "is told what changes",
        WatcherStateView::Pending => "waits for your answer",
        WatcherStateView::Waiting => "gone, without an answer",
    };
    [who(view), view.address.clone().unwrap_or_default(), view.since.clone().unwrap_or_default(), state.into()]
}

fn watcher(view: &WatcherView) -> [String; 5] {
    let until = view.until.clone().unwrap_or_default();
    let state = match (view.state, &view.told) {
        (WatcherStateView::Active, Some(permission)) => told(permission).to_owned(),
        (WatcherStateView::Active, None) => "is told what changes".to_owned(),
        (WatcherStateView::Pending, _) => format!("nothing: waits for your answer until {until}"),
        (WatcherStateView::Waiting, _) => format!("nothing: asked and left; you can answer until {until}"),
    };
    [
        view.id.clone().unwrap_or_default(),
        who(view),
        view.address.clone().unwrap_or_default(),
        view.since.clone().unwrap_or_default(),
        state,
    ]
}

fn told(permission: &str) -> &'static str {
    match permission {
        "allow" => "policy and place",
        "block" => "nothing: blocked",
        "polite-block" => "that you are away",
        "policy-only" => "policy, not place",
        _ => "nothing yet",
    }
}

/// By your name for it, else as it proved, else as it says.
pub fn who(view: &WatcherView) -> String {
    let group = view.group.as_ref().map(|group| format!(" ({group})")).unwrap_or_default();
    match (&view.contact, &view.who, &view.claims) {
        (Some(contact), Some(who), _) => format!("{contact}, {who}{group}"),
        (_, Some(who), _) => format!("{who}{group}"),
        (.., Some(claims)) => format!("somebody who says to be {claims}"),
        _ => "somebody unknown".into(),
    }
}
