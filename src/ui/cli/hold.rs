//! `hold` and `resume`: a call falls silent for a while.

use super::door::{segment, Door};
use super::exit::Exit;
use super::output::Output;
use crate::app::control::view::{CallList, CallView, ErrorKind, ErrorView, HoldStateView, HoldView};

/// `verb`: `hold` or `resume`.
pub async fn run(door: &Door, output: Output, call: &str, verb: &str) -> Result<Exit, ErrorView> {
    let path = format!("/v1/calls/{}", segment(call));
    let before = calls(door).await?;
    let begun: HoldView = door.post_empty(&format!("{path}/{verb}")).await?.view()?;
    tokio::select! {
        exit = follow(door, output, &path, &before) => exit,
        () = super::interrupted() => Err(left(&begun)),
    }
}

/// Until it is known what became of it.
async fn follow(door: &Door, output: Output, path: &str, before: &[CallView]) -> Result<Exit, ErrorView> {
    let mut waited = 0;
    loop {
        let reply = door.get(&format!("{path}/hold?wait=1")).await?;
        let hold: HoldView = reply.view()?;
        match hold.state {
            HoldStateView::Done => {
                output.body(reply.body());
                output.line(&format!(
                    "{}{}",
                    told(&hold, partner(&hold.call, before)),
                    held_meanwhile(before, &calls(door).await?)
                ));
                return Ok(Exit::Done);
            }
            HoldStateView::Failed => return Err(hold.failure.clone().unwrap_or_else(|| left(&hold))),
            HoldStateView::Asking => {
                // Each look took a second.
                waited += 1;
                told_waiting(output, &hold, waited);
            }
        }
    }
}

async fn calls(door: &Door) -> Result<Vec<CallView>, ErrorView> {
    Ok(door.get("/v1/calls").await?.view::<CallList>()?.calls)
}

/// The other peer of a conference of three, that hears you all the same.
fn partner<'a>(call: &str, before: &'a [CallView]) -> Option<&'a str> {
    before.iter().find(|one| one.id == call)?.conference.as_deref()
}

/// What of ours fell silent with it.
fn held_meanwhile(before: &[CallView], after: &[CallView]) -> String {
    let talked = |call: &&CallView| before.iter().any(|one| one.id == call.id && !one.on_hold);
    let held = after.iter().filter(|call| call.on_hold && !call.is_over()).filter(talked);
    held.map(|call| format!("; call {id} is on hold meanwhile (`sottovoce resume {id}`)", id = call.id)).collect()
}

fn told(hold: &HoldView, partner: Option<&str>) -> String {
    let HoldView { call, peer, .. } = hold;
    match (hold.wanted, hold.held_by_peer) {
        (true, _) if partner.is_some() => {
            let partner = partner.unwrap_or_default();
            format!("call {call} with {peer}: on hold, and out of the conference until `sottovoce conference {call} {partner}`; call {partner} goes on hearing you")
        }
        (true, _) => {
            format!("call {call} with {peer}: on hold; nobody hears anything until `sottovoce resume {call}`")
        }
        (false, true) => format!("call {call} with {peer}: taken up again, but the peer holds it now"),
        (false, false) => format!("call {call} with {peer}: talking again"),
    }
}

fn told_waiting(output: Output, hold: &HoldView, seconds: u32) {
    if seconds.is_multiple_of(5) {
        output.say(&format!("call {} with {}: no answer yet after {seconds} s", hold.call, hold.peer));
    }
}

/// Ctrl-C: what the peer was asked goes on.
fn left(hold: &HoldView) -> ErrorView {
    let HoldView { call, peer, .. } = hold;
    ErrorView {
        code: "hold-left".into(),
        message: format!("{peer} was asked, and has not answered yet"),
        subject: call.clone(),
        next: format!("`sottovoce calls` shows what comes of it; `sottovoce hangup {call}` ends the call"),
        kind: ErrorKind::Failed,
    }
}
