//! `mute`, `record` and `conference`: what is done with calls that run.

use std::path::PathBuf;

use clap::Args;

use super::call::absolute;
use super::door::{segment, Door};
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::{ConferenceBody, RecordingBody};
use crate::app::control::view::{CallView, ConferenceView, ErrorView};

#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Its number, as c1
    call: String,
    /// A file of Opus if it ends in .opus, WAV if in .wav: you at the left, the peer at the right; an earlier one is overwritten
    /// [default: a new one in the data directory's folder recordings]
    #[arg(conflicts_with = "stop")]
    file: Option<PathBuf>,
    /// Both in one channel
    #[arg(long, conflicts_with = "stop")]
    mixed: bool,
    /// The peer hears a beep every 15 seconds, as some laws want it
    #[arg(long, conflicts_with = "stop")]
    consent_tone: bool,
    /// End the recording; the call goes on
    #[arg(long)]
    stop: bool,
}

pub async fn record(door: &Door, output: Output, args: &RecordArgs) -> Result<Exit, ErrorView> {
    let path = format!("/v1/calls/{}/recording", segment(&args.call));
    if args.stop {
        let reply = door.delete(&path).await?;
        output.body(reply.body());
        output.line(&format!("call {}: the recording ends", args.call));
        return Ok(Exit::Done);
    }
    let file = args.file.as_deref().map(absolute).transpose()?;
    let body = RecordingBody { file, mixed: args.mixed, consent_tone: args.consent_tone };
    let reply = door.post(&path, &body).await?;
    output.body(reply.body());
    let call: CallView = reply.view()?;
    let into = call.recording.clone().unwrap_or_default();
    let told = if args.consent_tone { "; the peer hears a beep every 15 s" } else { "; the peer is not told" };
    output.line(&format!("call {} with {}: recorded into {into}{told}", call.id, call.peer));
    Ok(Exit::Done)
}

pub async fn mute(door: &Door, output: Output, call: &str, muted: bool) -> Result<Exit, ErrorView> {
    let path = format!("/v1/calls/{}/mute", segment(call));
    let reply = if muted { door.post_empty(&path).await? } else { door.delete(&path).await? };
    output.body(reply.body());
    let call: CallView = reply.view()?;
    output.line(&match call.muted {
        true => format!("call {} with {}: you are not heard; `sottovoce unmute {}`", call.id, call.peer, call.id),
        false => format!("call {} with {}: you are heard", call.id, call.peer),
    });
    Ok(Exit::Done)
}

pub async fn confer(door: &Door, output: Output, calls: [&str; 2]) -> Result<Exit, ErrorView> {
    let [first, second] = calls;
    let path = format!("/v1/calls/{}/conference", segment(first));
    let reply = door.post(&path, &ConferenceBody { with: second.to_owned() }).await?;
    output.body(reply.body());
    output.lines(&told(&reply.view()?));
    Ok(Exit::Done)
}

fn told(conference: &ConferenceView) -> Vec<String> {
    let peers: Vec<&str> = conference.calls.iter().map(|call| call.peer.as_str()).collect();
    let mut lines = vec![format!("{} hear you and each other, until one hangs up or is held", peers.join(" and "))];
    let protection = match conference.weakest.as_str() {
        "none" | "" => "is not protected".to_owned(),
        bundle => format!("is protected by {bundle} alone"),
    };
    match (&conference.weaker, conference.weakest.as_str()) {
        (Some(call), _) => lines.push(format!(
            "ATTENTION: call {call} {protection}, and what all three say goes out in it; `sottovoce tighten {call}`, or hold it"
        )),
        (None, "none" | "" | "ah") => lines.push("ATTENTION: others on the way can hear all three: neither call is encrypted".into()),
        (None, bundle) => lines.push(format!("both calls are protected by {bundle}")),
    }
    lines
}
