//! `message`: a short text to a peer; without one, the last texts.

use super::args::MessageArgs;
use super::door::Door;
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::TextBody;
use crate::app::control::view::{ErrorKind, ErrorView, TextList, TextStateView, TextView};

/// How often it is looked at, seconds.
const LOOK: u32 = 5;
/// As long as SIP itself waits for an answer, and a little longer.
const PATIENCE: u32 = 40;

pub async fn run(door: &Door, output: Output, args: &MessageArgs) -> Result<Exit, ErrorView> {
    match &args.peer {
        Some(peer) => send(door, output, peer, args).await,
        None => list(door, output).await,
    }
}

async fn send(door: &Door, output: Output, peer: &str, args: &MessageArgs) -> Result<Exit, ErrorView> {
    let (text, account) = (args.text.join(" "), args.account.clone());
    let body = TextBody { peer: peer.to_owned(), text, clear: args.clear, account };
    let sent: TextView = door.post("/v1/messages", &body).await?.view()?;
    tokio::select! {
        exit = follow(door, output, &sent.id) => exit,
        () = super::interrupted() => Err(left(&sent)),
    }
}

/// Until it is known what became of it; a long wait is shown.
async fn follow(door: &Door, output: Output, id: &str) -> Result<Exit, ErrorView> {
    let mut waited = 0;
    loop {
        let reply = door.get(&format!("/v1/messages/{id}?wait={LOOK}")).await?;
        let text: TextView = reply.view()?;
        if let Some(failure) = text.failure {
            return Err(failure);
        }
        waited += LOOK;
        if text.state != TextStateView::Sending || waited >= PATIENCE {
            output.body(reply.body());
            output.line(&format!("{}: {}", text.peer, word(text.state)));
            return Ok(Exit::Done);
        }
        output.say(&format!("{}: no answer yet after {waited} s; it is given up after 32 s", text.peer));
    }
}

fn left(text: &TextView) -> ErrorView {
    ErrorView {
        kind: ErrorKind::RefusedByUser,
        code: "left".into(),
        message: format!("the message to {} is on its way, and cannot be called back", text.peer),
        subject: text.peer.clone(),
        next: "`sottovoce message` tells whether it arrived".into(),
    }
}

async fn list(door: &Door, output: Output) -> Result<Exit, ErrorView> {
    let reply = door.get("/v1/messages").await?;
    output.body(reply.body());
    let list: TextList = reply.view()?;
    if list.messages.is_empty() {
        output.line("no message came or went since the agent started");
        return Ok(Exit::Done);
    }
    let rows: Vec<[String; 5]> = list.messages.into_iter().map(row).collect();
    output.table(["time", "way", "peer", "state", "text"], &rows);
    Ok(Exit::Done)
}

fn row(text: TextView) -> [String; 5] {
    let way = if text.outgoing { "out" } else { "in" };
    [text.time, way.to_owned(), text.peer, word(text.state).to_owned(), text.text]
}

fn word(state: TextStateView) -> &'static str {
    match state {
        TextStateView::Delivered => "arrived",
        TextStateView::Failed => "did not arrive",
        TextStateView::Kept => "kept for the peer by a server",
        TextStateView::Received => "received, sender not proven",
        TextStateView::Sending => "on its way",
    }
}
