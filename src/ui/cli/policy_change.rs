//! `policy edit` and `policy history`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::args::{AnswerFlags, AskArgs, IntentFlags};
use super::ask;
use super::door::Door;
use super::exit::Exit;
use super::keyboard::line;
use super::output::Output;
use super::policy::{changed, path};
use super::prompt;
use super::screen::wrap;
use crate::app::control::request::{PolicyBody, UndoBody};
use crate::app::control::view::{EntryView, ErrorKind, ErrorView, PolicyChangeView, PolicyHistoryView};

const HOW: &str =
    "# Change the lines, save, and leave the editor; one line alone is mirrored for the other direction. Rules alone, as\n\
    # `ipsec esp/transport//require`, are for the same packets.\n\
    # What you take out behind `# sv:` stays as it is; another value there changes it. `policy expire ID --never` takes an\n\
    # end away, `policy enable ID` enables.\n\
    # Whoever empties the text, or saves nothing, changes nothing.\n";

/// Whether the peer's user is to be asked for what is looser.
pub struct Asks {
    pub propose: bool,
    /// To that user.
    pub note: Option<String>,
}

/// What only the peer's user can make possible is asked of him, as an answer to a review of what the peer says by now.
async fn propose(
    door: &Door,
    output: Output,
    why: &ErrorView,
    text: &str,
    note: Option<String>,
) -> Result<Exit, ErrorView> {
    let given = Some(text.to_owned());
    let (edit, approve) = if text.contains("spdadd") { (given, None) } else { (None, given) };
    let answer = AnswerFlags { edit, approve, propose: true, note, ..AnswerFlags::default() };
    let peer = why.subject.clone();
    let intent = IntentFlags::default();
    let args = AskArgs { peer, presence: false, policy: false, answer, intent, accept_key: None, account: None };
    ask::ask(door, output, &args).await
}

/// The code of what is refused because a peer agreed to something tighter.
const LOOSER: &str = "looser-than-asked";

pub async fn edit(door: &Door, output: Output, id: &str, with: Option<&str>, asks: Asks) -> Result<Exit, ErrorView> {
    if let Some(text) = with {
        return match door.post(&path(id), &PolicyBody { text: text.to_owned() }).await {
            Err(why) if why.code == LOOSER && asks.propose => propose(door, output, &why, text, asks.note).await,
            reply => changed(output, &reply?, &super::policy::both(door, id).await?),
        };
    }
    if !output.is_interactive() {
        return Err(no_terminal(id));
    }
    let view: EntryView = door.get(&path(id)).await?.view()?;
    let mut lines = vec![readable(&view)];
    if let Some(other) = &view.other {
        lines.push(readable(&door.get(&path(other)).await?.view()?));
    }
    let before = lines.join("\n") + "\n";
    let mut text = format!("{HOW}{before}");
    loop {
        text = in_editor(&text)?;
        let meant: String =
            text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        if meant.trim().is_empty() || meant.trim() == before.trim() {
            output.line("nothing was changed");
            return Ok(Exit::Done);
        }
        match door.post(&path(id), &PolicyBody { text: meant.clone() }).await {
            Ok(reply) => return changed(output, &reply, &super::policy::both(door, id).await?),
            Err(why) if why.code == LOOSER && !door.is_own() => {
                if prompt::wants_to_ask(output, &why).await {
                    return propose(door, output, &why, &meant, None).await;
                }
            }
            Err(why) => {
                output.error(&why);
                match line(output, "Enter edits it again, anything else leaves: ").await {
                    Ok(typed) if typed.is_empty() => {}
                    _ => return Ok(Exit::from(&why)),
                }
            }
        }
    }
}

/// The entry's line, with its end as people write it.
fn readable(view: &EntryView) -> String {
    let spelled = |word: &str| match (word.strip_prefix("expires="), &view.expires) {
        (Some(_), Some(end)) => format!("expires={end}"),
        _ => word.to_owned(),
    };
    view.setkey.split(' ').map(spelled).collect::<Vec<_>>().join(" ")
}

/// The text as the user's editor leaves it. His command is a shell's: it may have arguments.
fn in_editor(text: &str) -> Result<String, ErrorView> {
    let editor = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| std::env::var(name).ok());
    let editor = editor.into_iter().find(|editor| !editor.trim().is_empty()).unwrap_or_else(|| "vi".to_owned());
    let place = Draft::write(text).map_err(|why| no_editor(&editor, &why.to_string()))?;
    let ran =
        std::process::Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&place.0).status();
    match ran {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(no_editor(&editor, &format!("it ended with {status}"))),
        Err(why) => return Err(no_editor(&editor, &why.to_string())),
    }
    std::fs::read_to_string(&place.0).map_err(|why| no_editor(&editor, &why.to_string()))
}

/// A file of our own that nobody else reads, for as long as it is edited.
struct Draft(PathBuf);

impl Draft {
    fn write(text: &str) -> std::io::Result<Self> {
        let name = format!("sottovoce-entry-{}.setkey", std::process::id());
        let place = std::env::temp_dir().join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&place)?;
        let draft = Self(place);
        file.write_all(text.as_bytes())?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub async fn history(door: &Door, output: Output, id: Option<&str>, limit: u32) -> Result<Exit, ErrorView> {
    let entry = id.map(|id| format!("&entry={}", super::door::segment(id))).unwrap_or_default();
    let reply = door.get(&format!("/v1/policy/history?limit={limit}{entry}")).await?;
    output.body(reply.body());
    let view: PolicyHistoryView = reply.view()?;
    match (view.changes.is_empty(), id) {
        (true, Some(id)) => output.line(&format!("no change touched {}", crate::vocab::escape(id))),
        (true, None) => output.line("nothing was changed yet"),
        _ => {}
    }
    view.changes.iter().for_each(|change| output.lines(&told(change, output.width())));
    Ok(Exit::Done)
}

/// Most changes among which the one that is taken back is sought.
const SOUGHT: u32 = 1000;

/// Takes a change back, the last one without a number, and says which it was.
pub async fn undo(door: &Door, output: Output, change: Option<u64>) -> Result<Exit, ErrorView> {
    let limit = if change.is_some() { SOUGHT } else { 1 };
    let before: PolicyHistoryView = door.get(&format!("/v1/policy/history?limit={limit}")).await?.view()?;
    let number = change.or_else(|| before.changes.first().map(|newest| newest.number));
    let taken_back = before.changes.into_iter().find(|one| Some(one.number) == number);
    // By its number: what came in between stays.
    let reply = door.post("/v1/policy/undo", &UndoBody { change: number }).await?;
    let which: Vec<String> = taken_back.iter().flat_map(|one| &one.entries).map(|entry| entry.id.clone()).collect();
    let exit = changed(output, &reply, &which)?;
    if let Some(PolicyChangeView { number, kind, subject, time, .. }) = taken_back {
        output.lines(&wrap(
            &format!("taken back: change {number}, {kind}: {subject}, of {time}"),
            output.width(),
            "  ",
        ));
    }
    Ok(exit)
}

/// A head, and below it each entry before and after.
fn told(change: &PolicyChangeView, width: usize) -> Vec<String> {
    let by = change.detail.split(':').next().filter(|by| by.starts_with("by ") || by.starts_with("review "));
    let by = by.map(|by| format!(", {by}")).unwrap_or_default();
    let PolicyChangeView { number, time, kind, subject, generation, .. } = change;
    let mut lines = wrap(&format!("{number}  {time}  {kind}: {subject}{by}; generation {generation}"), width, "    ");
    for entry in &change.entries {
        for (mark, text) in [('-', &entry.before), ('+', &entry.after)] {
            let line = text.as_ref().map(|text| format!("{mark} {text}"));
            let wrapped = line.iter().flat_map(|line| wrap(line, width.saturating_sub(4), "    "));
            lines.extend(wrapped.map(|line| format!("    {line}")));
        }
    }
    if change.more > 0 {
        lines.push(format!("    and {} entries more", change.more));
    }
    lines
}

fn no_terminal(id: &str) -> ErrorView {
    ErrorView {
        code: "no-terminal".into(),
        message: "there is no terminal for an editor".into(),
        subject: id.to_owned(),
        next: "give the new text: --with 'spdadd ...;'".into(),
        kind: ErrorKind::Usage,
    }
}

fn no_editor(editor: &str, why: &str) -> ErrorView {
    let editor = crate::vocab::escape(editor);
    ErrorView {
        code: "editor-failed".into(),
        message: format!("the editor {editor} cannot be used: {why}; nothing was changed"),
        subject: editor,
        next: "set EDITOR to one that works, or give the new text: --with 'spdadd ...;'".into(),
        kind: ErrorKind::Usage,
    }
}
