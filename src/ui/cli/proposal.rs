//! `proposal`: looser policies that one side would like to have from the other.

use super::args::ProposalCommand;
use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::output::Output;
use super::screen::policy::summary;
use crate::app::control::view::{ErrorView, ProposalList, ProposalStateView, ProposalView};

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
    let rows: Vec<[String; 6]> = list.proposals.iter().map(row).collect();
    match rows.is_empty() {
        true => output.line("nothing was proposed: `sottovoce review answer r1 --approve RULES --propose` does"),
        false => output.table(["proposal", "by", "peer", "policy", "state", "until"], &rows),
    }
    Ok(Exit::Done)
}

fn row(one: &ProposalView) -> [String; 6] {
    let by = if one.outgoing { "you" } else { "peer" };
    let until = if one.state == ProposalStateView::Waiting { one.deadline.clone() } else { String::new() };
    let policy: Vec<String> = one
        .entries
        .iter()
        .map(|entry| summary(entry, false))
        .map(|[_, way, .., action]| format!("{way} {action}"))
        .collect();
    [one.id.clone(), by.into(), one.peer.clone(), policy.join("; "), one.state.word().into(), until]
}
