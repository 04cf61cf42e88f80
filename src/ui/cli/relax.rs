//! `relax`: the peer of a running call is asked whether less will do, and then how the call goes on.

use super::ask;
use super::door::{segment, Door};
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::RelaxBody;
use crate::app::control::view::{AskView, CallView, ErrorView};

/// How long it is waited for the new keys of the call, in seconds.
const KEYS: u8 = 15;

pub async fn run(
    door: &Door,
    output: Output,
    id: &str,
    (rules, note): (Option<String>, Option<String>),
) -> Result<Exit, ErrorView> {
    let path = format!("/v1/calls/{}", segment(id));
    let started: AskView = door.post(&format!("{path}/relax"), &RelaxBody { rules, note }).await?.view()?;
    output.say(&format!("asking {} ...", started.target));
    let exit = ask::to_the_end(door, output, &started.id).await?;
    let call: CallView = door.get(&format!("{path}?wait={KEYS}&while=rekeying")).await?.view()?;
    output.line(&goes_on(&call));
    Ok(exit)
}

fn goes_on(call: &CallView) -> String {
    let CallView { id, peer, bundle, .. } = call;
    match (call.is_over(), call.rekeying) {
        (true, _) => format!("call {id} with {peer}: over; the next one is under what was agreed"),
        (false, true) => format!("call {id} with {peer}: the peer has not answered yet; `sottovoce calls` tells"),
        (false, false) => format!("call {id} with {peer}: goes on under {bundle}"),
    }
}
