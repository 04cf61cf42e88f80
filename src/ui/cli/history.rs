//! `history`: calls that ended, missed ones first of all.

use clap::Args;

use super::args::{rows, OneResult};
use super::door::{segment, Door};
use super::exit::Exit;
use super::output::Output;
use super::policy_args::span;
use crate::app::control::request::SeenBody;
use crate::app::control::view::{ErrorView, ForgottenView, HistoryRowView, HistoryView, MissedView, StatusView};

#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Only those with this contact, or with peers that have this in their name
    #[arg(long, value_name = "PEER")]
    peer: Option<String>,
    /// Only calls that you missed
    #[arg(long, conflicts_with_all = ["outgoing", "result"])]
    missed: bool,
    /// Only calls that came
    #[arg(long, conflicts_with = "outgoing")]
    incoming: bool,
    /// Only calls of yours
    #[arg(long)]
    outgoing: bool,
    /// Only those of which this became
    #[arg(long, value_name = "WHAT")]
    result: Option<OneResult>,
    /// Only those of the last so long, as 30m, 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = span)]
    within: Option<u64>,
    /// Forget the calls that are chosen so, instead of listing them; the audit table keeps what it has
    #[arg(long)]
    forget: bool,
    /// The whole history is to be forgotten
    #[arg(long, requires = "forget", conflicts_with_all = ["peer", "missed", "incoming", "outgoing", "result", "within"])]
    all: bool,
    /// How many rows at most
    #[arg(long, default_value_t = 50, value_name = "ROWS", value_parser = rows)]
    limit: u32,
}

pub async fn run(door: &Door, output: Output, args: &HistoryArgs) -> Result<Exit, ErrorView> {
    if args.forget {
        let reply = door.delete(&format!("/v1/history?all={}{}", args.all, args.filter())).await?;
        output.body(reply.body());
        let view: ForgottenView = reply.view()?;
        output.line(&format!("{} forgotten", calls(view.forgotten)));
        return Ok(Exit::Done);
    }
    let reply = door.get(&format!("/v1/history?limit={}{}", args.limit, args.filter())).await?;
    output.body(reply.body());
    let view: HistoryView = reply.view()?;
    list(output, &view, args.peer.is_some());
    // A script that reads the history need not be a user who has seen it.
    let shown = view.calls.iter().filter(|call| !call.seen).map(|call| call.number).max();
    if let Some(until) = shown.filter(|_| !output.json) {
        let _: MissedView = door.post("/v1/history/seen", &SeenBody { until }).await?.view()?;
    }
    Ok(Exit::Done)
}

/// Where the user looks for what goes on, he is told what he missed.
pub async fn tell_missed(door: &Door, output: Output) -> Result<(), ErrorView> {
    if output.json {
        return Ok(());
    }
    let status: StatusView = door.get("/v1/status").await?.view()?;
    missed(&status).iter().for_each(|line| output.line(line));
    Ok(())
}

/// What to say of missed calls, if there are any that the user does not know of.
pub fn missed(status: &StatusView) -> Option<String> {
    let missed = status.missed.filter(|missed| *missed > 0)?;
    Some(format!("{} missed: see `sottovoce history --missed`", calls(missed)))
}

/// Why a call failed has its remedy with it: among all calls it would hide the others.
const SHORT: usize = 60;

fn list(output: Output, view: &HistoryView, whole: bool) {
    let short = |[started, way, peer, what, talked, protected, ended]: [String; 7]| {
        let ended = if whole { ended } else { cut(&ended) };
        [started, way, peer, what, talked, protected, ended]
    };
    let rows: Vec<[String; 7]> = view.calls.iter().map(row).map(short).collect();
    match rows.is_empty() {
        true => output.line("no such call has ended yet"),
        false => output.table(["started", "way", "peer", "what", "talked", "protected by", "how it ended"], &rows),
    }
}

fn row(call: &HistoryRowView) -> [String; 7] {
    let way = if call.outgoing { "out" } else { "in" };
    let peer = call.name.as_ref().map_or_else(|| call.peer.clone(), |name| format!("{name} ({})", call.peer));
    let new = if call.seen { "" } else { " (new)" };
    let talked = call.answered.as_ref().map_or_else(|| "-".to_owned(), |_| clock(call.talked_ms));
    let suite = call.suite.as_ref().map(|suite| format!(" ({suite})")).unwrap_or_default();
    let protected = match call.bundle.as_str() {
        "" => "-".to_owned(),
        bundle => format!("{bundle}{suite}"),
    };
    let what = format!("{}{new}", call.result.name());
    [call.started.clone(), way.into(), peer, what, talked, protected, call.outcome.clone()]
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{} ...", text[..end].trim_end()),
    }
}

/// `1:02:03`, or `2:03` below an hour.
fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn calls(count: u64) -> String {
    format!("{count} call{}", if count == 1 { "" } else { "s" })
}

impl HistoryArgs {
    fn filter(&self) -> String {
        let result = if self.missed { Some(OneResult::Missed) } else { self.result };
        let way = match (self.incoming, self.outgoing) {
            (true, _) => Some("false".to_owned()),
            (_, true) => Some("true".to_owned()),
            _ => None,
        };
        let parts = [
            ("peer", self.peer.as_deref().map(segment)),
            ("outgoing", way),
            ("result", result.map(|result| result.name().to_owned())),
            ("within", self.within.map(|seconds| seconds.to_string())),
        ];
        parts.into_iter().filter_map(|(name, value)| Some(format!("&{name}={}", value?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_a_clock_does() {
        let said = [0, 59_999, 60_000, 3_599_000, 3_723_004].map(clock);
        assert_eq!(said, ["0:00", "0:59", "1:00", "59:59", "1:02:03"]);
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let (short, long) = ("ü".repeat(SHORT), "ü".repeat(SHORT + 1));
        assert_eq!((cut(&short), cut(&long)), (short.clone(), format!("{short} ...")));
    }
}
