//! `transfer`: the peer of a call is asked to call somebody else.

use super::args::TransferArgs;
use super::door::{segment, Door};
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::TransferBody;
use crate::app::control::view::{CallView, ErrorKind, ErrorView, TransferStateView, TransferView};

/// A peer may hang up and tell what came of it right after: so many seconds are left for that.
const AFTERWARDS: u32 = 3;

pub async fn run(door: &Door, output: Output, args: &TransferArgs) -> Result<Exit, ErrorView> {
    let body = TransferBody { peer: args.peer.clone(), call: args.to_call.clone() };
    let path = format!("/v1/calls/{}/transfer", segment(&args.call));
    let begun: TransferView = door.post(&path, &body).await?.view()?;
    output.say(&told(&begun));
    tokio::select! {
        exit = follow(door, output, &path, begun.state) => exit,
        () = super::interrupted() => Err(left(&begun)),
    }
}

/// Tells each state as it comes, until it is known what became of it.
async fn follow(door: &Door, output: Output, path: &str, begun: TransferStateView) -> Result<Exit, ErrorView> {
    let (mut last, mut waited, mut alone) = (begun, 0, 0);
    loop {
        let reply = door.get(&format!("{path}?wait=1&while={}", word(last))).await?;
        let transfer: TransferView = reply.view()?;
        match transfer.state {
            TransferStateView::Done => {
                output.body(reply.body());
                output.line(&told(&transfer));
                return Ok(Exit::Done);
            }
            TransferStateView::Failed => return Err(transfer.failure.clone().unwrap_or_else(|| lost(&transfer))),
            state if state == last => {
                // Each look took a second.
                waited += 1;
                let call: CallView = door.get(&format!("/v1/calls/{}", segment(&transfer.call))).await?.view()?;
                alone = if call.is_over() { alone + 1 } else { 0 };
                if alone >= AFTERWARDS {
                    return Err(untold(&transfer, &call));
                }
                told_waiting(output, &transfer, waited);
            }
            state => {
                output.say(&told(&transfer));
                (last, waited) = (state, 0);
            }
        }
    }
}

fn told(transfer: &TransferView) -> String {
    let TransferView { call, target, .. } = transfer;
    match transfer.state {
        TransferStateView::Asking => format!("call {call}: its peer is asked to call {target}"),
        TransferStateView::Done => format!("call {call}: transferred to {target}"),
        TransferStateView::Failed => format!("call {call}: not transferred"),
        TransferStateView::Ringing => format!("call {call}: it rings at {target}"),
        TransferStateView::Trying => {
            format!("call {call}: the peer took it; its user may have to approve {target} first")
        }
    }
}

fn told_waiting(output: Output, transfer: &TransferView, seconds: u32) {
    if seconds.is_multiple_of(10) {
        let TransferView { call, target, .. } = transfer;
        output.say(&format!("call {call}: no news of {target} after {seconds} s"));
    }
}

/// The state as the door writes it.
fn word(state: TransferStateView) -> String {
    format!("{state:?}").to_lowercase()
}

/// Ctrl-C: what the peer was asked cannot be taken back (RFC 3515 section 2.4.4).
fn left(transfer: &TransferView) -> ErrorView {
    let TransferView { call, target, .. } = transfer;
    ErrorView {
        code: "transfer-left".into(),
        message: format!("the peer of call {call} was asked to call {target}, and that cannot be taken back"),
        subject: call.clone(),
        next: format!("call {call} ends when it succeeds and is kept when not; `sottovoce hangup {call}` ends it now"),
        kind: ErrorKind::Failed,
    }
}

/// Its call has ended meanwhile, and whoever was asked owes nobody any news.
fn untold(transfer: &TransferView, call: &CallView) -> ErrorView {
    let TransferView { call: id, target, .. } = transfer;
    let why = call.why_over().map(|why| format!(" ({why})")).unwrap_or_default();
    ErrorView {
        code: "call-over".into(),
        message: format!("call {id} is over{why}, and its peer has not told whether it reached {target}"),
        subject: id.clone(),
        next: format!("ask either of them, or call {target} yourself"),
        kind: ErrorKind::Failed,
    }
}

fn lost(transfer: &TransferView) -> ErrorView {
    ErrorView {
        code: "transfer-failed".into(),
        message: format!("call {} was not transferred", transfer.call),
        subject: transfer.target.clone(),
        next: "see `sottovoce calls`".into(),
        kind: ErrorKind::Failed,
    }
}
