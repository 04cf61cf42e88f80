//! The peer of a call wants another one to be placed: the user decides, unless he has approved it before.

use super::call::{review_first, told};
use super::door::{segment, Door, Reply};
use super::keyboard;
use super::output::Output;
use crate::app::control::view::{CallStateView, CallView, ErrorView};

/// Beside a call that is followed: says what its peer wants, and asks, when somebody sits at this terminal. What comes of it does not
/// end the call.
pub async fn decide(door: &Door, output: Output, call: &CallView) -> Result<(), ErrorView> {
    let Some(id) = &call.wants else { return Ok(()) };
    let Some(wanted) = look(door, id).await.ok().filter(|wanted| !wanted.is_over()) else { return Ok(()) };
    if wanted.state != CallStateView::Wanted {
        let CallView { id, peer, .. } = &wanted;
        output.say(&format!("call {}: its peer has you call {peer}, whom you approved, as call {id}", call.id));
        return Ok(());
    }
    output.say(&told(&wanted));
    let decided = match (output.is_interactive(), door.is_own()) {
        (true, _) => ask(door, output, id).await,
        (false, true) => {
            output.say("nobody can be asked here: it is refused; with `sottovoce run` it waits for an answer");
            reject(door, id).await
        }
        (false, false) => Ok(()),
    };
    if let Err(error) = decided {
        output.say(&format!("{}: {}", error.message, error.next));
    }
    Ok(())
}

async fn ask(door: &Door, output: Output, id: &str) -> Result<(), ErrorView> {
    keyboard::forget_what_was_typed();
    tokio::select! {
        typed = keyboard::line(output, "[y]es, call; [n]o: ") => match typed {
            Ok(word) if word.eq_ignore_ascii_case("y") || word.eq_ignore_ascii_case("yes") => {
                place(door, output, id).await.map(drop)
            }
            _ => reject(door, id).await,
        },
        // Somebody else decided, or nobody in time.
        decided = leaves(door, id, "wanted") => decided.map(drop),
    }
}

async fn reject(door: &Door, id: &str) -> Result<(), ErrorView> {
    door.post_empty(&format!("/v1/calls/{}/reject", segment(id))).await.map(drop)
}

/// Places it; what is not approved is asked and reviewed first, as with any call.
pub async fn place(door: &Door, output: Output, id: &str) -> Result<Reply, ErrorView> {
    door.post_empty(&format!("/v1/calls/{}/answer", segment(id))).await?;
    let mut reviewed = None;
    loop {
        let through = if reviewed.is_some() { "asking,reviewing" } else { "asking" };
        let reply = leaves(door, id, through).await?;
        let call: CallView = reply.view()?;
        match (&call.state, &call.review) {
            (CallStateView::Reviewing, Some(review)) if reviewed.as_ref() != Some(review) => {
                output.say(&told(&call));
                review_first(door, output, id, review).await?;
                reviewed = Some(review.clone());
            }
            (CallStateView::Failed, _) => return call.failure.clone().map_or(Ok(reply), Err),
            _ => return Ok(reply),
        }
    }
}

/// Waits until a call is in none of these states.
async fn leaves(door: &Door, id: &str, through: &str) -> Result<Reply, ErrorView> {
    loop {
        let reply = door.get(&format!("/v1/calls/{}?wait=20&while={through}", segment(id))).await?;
        let call: CallView = reply.view()?;
        let state = format!("{:?}", call.state).to_lowercase();
        if !through.split(',').any(|word| word == state) {
            return Ok(reply);
        }
    }
}

pub async fn look(door: &Door, id: &str) -> Result<CallView, ErrorView> {
    door.get(&format!("/v1/calls/{}", segment(id))).await?.view()
}
