//! `proposal`: looser policies that one side would like to have from the other.

use super::args::ProposalCommand;
use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::output::Output;
use super::screen::policy::summary;
use crate::app::control::view::{
    CounterStateView, CounterView, EntryView, ErrorView, ProposalList, ProposalStateView, ProposalView,
};

pub async fn run(door: &Door, output: Output, command: &ProposalCommand) -> Result<Exit, ErrorView> {
    let reply = match command {
        ProposalCommand::Cancel { what } => door.delete(&format!("/v1/proposals/{}", segment(what))).await?,
        ProposalCommand::List => door.get("/v1/proposals").await?,
    };
    list(output, &reply)
}

fn list(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let list: ProposalList = reply.view()?;
    let rows: Vec<[String; 6]> = list.proposals.iter().flat_map(rows).collect();
    match rows.is_empty() {
        true => output.line("nothing was proposed: `sottovoce review answer r1 --approve RULES --propose` does"),
        false => output.table(["proposal", "by", "peer", "policy", "state", "until"], &rows),
    }
    Ok(Exit::Done)
}

/// Below a proposal what would be accepted in its place.
fn rows(one: &ProposalView) -> Vec<[String; 6]> {
    let by = |you: bool| if you { "you" } else { "peer" };
    let row = |by: &str, policy: String, state: String, until: String| {
        [one.id.clone(), by.to_owned(), one.peer.clone(), policy, state, until]
    };
    let until = if one.state == ProposalStateView::Waiting { one.deadline.clone() } else { String::new() };
    let trouble = one.trouble.as_ref().map(|trouble| format!(": {trouble}")).unwrap_or_default();
    let state = format!("{}{trouble}", one.state.word());
    let mut rows = vec![row(by(one.outgoing), policy(&one.entries), state, until)];
    if let Some(counter) = &one.counter {
        let instead = format!("instead: {}", policy(&counter.entries));
        rows.push(row(by(!one.outgoing), instead, counter_state(counter), String::new()));
    }
    rows
}

fn counter_state(counter: &CounterView) -> String {
    match (counter.state, &counter.review) {
        (CounterStateView::Lapsed, _) => "lapsed".to_owned(),
        (CounterStateView::Put, Some(review)) => format!("put to you as {review}"),
        (CounterStateView::Put, None) => "put to you".to_owned(),
        (CounterStateView::Used, _) => "agreed, in force".to_owned(),
        (CounterStateView::Waiting, _) => "waits for the peer".to_owned(),
    }
}

fn policy(entries: &[EntryView]) -> String {
    let short = entries.iter().map(|entry| summary(entry, false)).map(|[_, way, .., action]| format!("{way} {action}"));
    short.collect::<Vec<_>>().join("; ")
}
