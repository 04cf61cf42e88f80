//! `audit`, `review list|show|answer`, `inspect`.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;

use super::answer;
use super::args::{InspectKind, Limit, ReviewCommand};
use super::ask;
use super::door::{segment, Door};
use super::exit::Exit;
use super::output::Output;
use super::prompt;
use super::screen::review;
use super::screen::Page;
use crate::app::control::request::{AnswerBody, InspectBody, InspectFile};
use crate::app::control::view::{
    AuditView, CallList, CallStateView, CallView, ErrorKind, ErrorView, InspectedFileView, ReviewList, ReviewView,
};

/// Longest file that is inspected, in octets.
const MAX_INSPECT: u64 = 512 << 10;

pub async fn audit(door: &Door, output: Output, limit: &Limit) -> Result<Exit, ErrorView> {
    let reply = door.get(&format!("/v1/audit?limit={}", limit.limit)).await?;
    output.body(reply.body());
    let view: AuditView = reply.view()?;
    let rows: Vec<[String; 4]> = view
        .rows
        .iter()
        .map(|row| [row.time.clone(), row.kind.clone(), row.subject.clone(), row.detail.clone()])
        .collect();
    match rows.is_empty() {
        true => output.line("nothing was asked, approved or called yet"),
        false => output.table(["time", "what", "to what", "detail"], &rows),
    }
    Ok(Exit::Done)
}

pub async fn reviews(door: &Door, output: Output, command: &ReviewCommand) -> Result<Exit, ErrorView> {
    match command {
        ReviewCommand::Answer { id, answer: flags } => match answer::body(flags)? {
            Some(body) => {
                let waiting = waiting(door, id).await?;
                let exit = answer::send(door, output, &segment(id), &body).await?;
                let refused = matches!(body, AnswerBody::Refuse { .. });
                for call in waiting.iter().filter(|_| exit == Exit::Done && !refused) {
                    output.line(&format!("call {} to {} waited for this and is placed now", call.id, call.peer));
                }
                Ok(exit)
            }
            None => ask::settle(door, output, &segment(id), prompt::LATER).await,
        },
        ReviewCommand::List => {
            let reply = door.get("/v1/reviews").await?;
            output.body(reply.body());
            list(output, &reply.view()?);
            Ok(Exit::Done)
        }
        ReviewCommand::Show { id } => {
            let reply = door.get(&format!("/v1/reviews/{}", segment(id))).await?;
            output.body(reply.body());
            let view: ReviewView = reply.view()?;
            output.lines(&review::review(&view, output.width(), review::Side::Both));
            Ok(Exit::Done)
        }
    }
}

/// The calls that an answer to this review sets going.
async fn waiting(door: &Door, id: &str) -> Result<Vec<CallView>, ErrorView> {
    let all: CallList = door.get("/v1/calls").await?.view()?;
    let waits = |call: &CallView| call.state == CallStateView::Reviewing && call.review.as_deref() == Some(id);
    Ok(all.calls.into_iter().filter(waits).collect())
}

fn list(output: Output, list: &ReviewList) {
    let rows: Vec<[String; 4]> = list
        .reviews
        .iter()
        .map(|review| {
            let state = format!("{:?}", review.state).to_lowercase();
            let until = if review.is_open() { review.deadline.clone() } else { String::new() };
            [review.id.clone(), review.presence.entity.clone(), state, until]
        })
        .collect();
    match rows.is_empty() {
        true => output.line("no reviews yet: `sottovoce ask PEER` makes one"),
        false => output.table(["review", "peer", "state", "until"], &rows),
    }
}

/// Needs no agent: the files are all there is.
pub fn inspect(output: Output, kind: InspectKind, files: &[std::path::PathBuf]) -> Result<Exit, ErrorView> {
    let files = files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    let view = crate::app::control::inspect(kind.name(), &InspectBody { files }).map_err(super::door::view)?;
    output.body(serde_json::to_string(&view).unwrap_or_default().as_bytes());
    for file in &view.files {
        output.lines(&inspected(file, output.width()));
    }
    Ok(Exit::Done)
}

fn inspected(file: &InspectedFileView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 12);
    page.heading(&file.file)
        .field("kind", file.kind.as_deref().unwrap_or("unreadable"))
        .field("valid", if file.valid { "yes" } else { "NO" });
    file.problems.iter().for_each(|problem| {
        page.field("problem", problem);
    });
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let told = [
        ("status", file.status.map(|status| status.to_string())),
        ("method", file.method.clone()),
        ("call-id", file.call_id.clone()),
        ("cseq", file.cseq.clone()),
        ("vias", number(file.via_count)),
        ("body octets", number(file.body_len)),
    ];
    for (name, value) in told {
        value.iter().for_each(|value| {
            page.field(name, value);
        });
    }
    file.fields.iter().for_each(|field| {
        page.field(&field.name, &field.value);
    });
    page.blank();
    page.lines()
}

fn read(file: &std::path::Path) -> Result<InspectFile, ErrorView> {
    use std::io::Read;
    let name = crate::vocab::escape(&file.to_string_lossy());
    let mut octets = Vec::new();
    let opened = std::fs::File::open(file).and_then(|file| file.take(MAX_INSPECT).read_to_end(&mut octets));
    opened.map_err(|why| ErrorView {
        code: "file-unreadable".into(),
        message: format!("{name} cannot be read: {why}"),
        subject: name.clone(),
        next: "name a file that you can read".into(),
        kind: ErrorKind::Usage,
    })?;
    Ok(InspectFile { name, content: STANDARD.encode(&octets) })
}
