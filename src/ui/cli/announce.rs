//! What a running agent says at its own terminal: who calls, which review waits, what must be seen now.

use std::collections::VecDeque;

use super::output::Output;
use crate::app::control::view::{CallStateView, CallView, EventView, ReviewStateView, TextStateView, WatchView};
use crate::app::control::Events;

/// A noun changes more often than what is said of it: so many lines are remembered, to be said once.
const REMEMBERED: usize = 64;

/// Until the agent stops. `prompting`: a call that rings waits for somebody to answer it.
pub async fn announce(mut events: Events, output: Output, prompting: bool) {
    let mut said = VecDeque::new();
    while let Some(event) = events.next().await {
        let Some(line) = line(&event, prompting).filter(|line| !said.contains(line)) else { continue };
        output.say(&line);
        said.truncate(REMEMBERED - 1);
        said.push_front(line);
    }
}

fn line(event: &EventView, prompting: bool) -> Option<String> {
    match event {
        EventView::Call(call) => told(call, prompting),
        EventView::Message(text) if text.state == TextStateView::Received => {
            Some(format!("message {} from {} (as it says, not proven): {}", text.id, text.peer, text.text))
        }
        EventView::Notice(notice) => Some(format!("{}: {}", notice.message, notice.next)),
        EventView::Watch(watch) => followed(watch),
        EventView::Review(review) if review.state == ReviewStateView::Pending => Some(format!(
            "review {id} of {} waits: `sottovoce review show {id}`",
            review.presence.entity,
            id = review.id
        )),
        _ => None,
    }
}

fn followed(watch: &WatchView) -> Option<String> {
    let device = watch.device.as_ref().map(|device| format!(" device {device}")).unwrap_or_default();
    watch.steps.last().map(|step| format!("watching {}{device}: {}", watch.peer, step.text))
}

fn told(call: &CallView, prompting: bool) -> Option<String> {
    let CallView { id, peer, .. } = call;
    let peer = if call.known { peer.clone() } else { format!("somebody who says to be {peer} (no approved key)") };
    match call.state {
        CallStateView::Active => Some(format!("call {id}: talking with {peer}, protected by {}", call.bundle)),
        CallStateView::Ended | CallStateView::Failed => Some(format!("call {id}: over")),
        CallStateView::Wanted => Some(super::call::told(call)),
        CallStateView::Incoming if prompting => {
            Some(format!("call {id}: {peer} calls: `sottovoce answer {id}` or `sottovoce reject {id}`"))
        }
        _ => None,
    }
}
