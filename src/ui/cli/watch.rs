//! `presence watch`, `unwatch`, `watching`: whom we follow.

use std::time::Duration;

use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::interrupt::interrupted;
use super::output::Output;
use crate::app::control::request::WatchBody;
use crate::app::control::view::{ErrorView, WatchList, WatchStateView, WatchView};

/// How long the first answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks for it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub async fn watch(door: &Door, output: Output, peer: &str) -> Result<Exit, ErrorView> {
    let before: WatchList = door.get("/v1/watches").await?.view()?;
    let body = WatchBody { peer: peer.to_owned() };
    let mut reply = door.post("/v1/watches", &body).await?;
    let known = |watch: &WatchView| before.watches.iter().any(|other| other.peer == watch.peer);
    let asking =
        |list: &WatchList| list.watches.iter().any(|watch| watch.state == WatchStateView::Subscribing && !known(watch));
    let mut interrupted = std::pin::pin!(interrupted());
    if asking(&reply.view()?) {
        output.say(&format!("asking, for {} s at most ...", PATIENCE.as_secs()));
    }
    let begun = tokio::time::Instant::now();
    while asking(&reply.view()?) && begun.elapsed() < PATIENCE {
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            // What was asked for is kept, and goes on.
            () = &mut interrupted => break,
        }
        reply = door.get("/v1/watches").await?;
    }
    list(output, &reply)
}

pub async fn unwatch(door: &Door, output: Output, peer: &str) -> Result<Exit, ErrorView> {
    list(output, &door.delete(&format!("/v1/watches/{}", segment(peer))).await?)
}

pub async fn watching(door: &Door, output: Output) -> Result<Exit, ErrorView> {
    list(output, &door.get("/v1/watches").await?)
}

fn list(output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    output.body(reply.body());
    let list: WatchList = reply.view()?;
    let rows: Vec<[String; 3]> = list.watches.iter().map(row).collect();
    match rows.is_empty() {
        true => output.line("nobody is followed: `sottovoce presence watch PEER` begins"),
        false => output.sentences(["peer", "state", "last"], &rows),
    }
    Ok(Exit::Done)
}

fn row(watch: &WatchView) -> [String; 3] {
    let peer = match &watch.device {
        Some(device) => format!("{} device {device}", watch.peer),
        None => watch.peer.clone(),
    };
    [peer, state(watch), watch.steps.last().map(|step| step.text.clone()).unwrap_or_default()]
}

fn state(watch: &WatchView) -> String {
    match watch.state {
        WatchStateView::Active => {
            let what = if watch.told { "followed" } else { "asked, nothing known of it yet" };
            let heard = watch.heard.as_ref().map(|heard| format!(", last heard of at {heard}")).unwrap_or_default();
            format!("{what}{heard}")
        }
        WatchStateView::Recovering => "the way there is lost: being asked anew".into(),
        WatchStateView::Idle => "followed by an agent that stays: `sottovoce run`".into(),
        WatchStateView::NoServer => "its account is not registered yet".into(),
        WatchStateView::Pending => "its user is being asked".into(),
        WatchStateView::Refused => "ended".into(),
        WatchStateView::Subscribing => "asking: no answer yet".into(),
        WatchStateView::Waiting => format!("tried again at {}", watch.again.clone().unwrap_or_default()),
    }
}
