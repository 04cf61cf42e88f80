//! `policy import`: a file of entries, in parts that the door takes.

use std::io::{IsTerminal, Read};
use std::path::Path;

use super::door::{Door, Reply};
use super::exit::Exit;
use super::output::Output;
use super::policy::{registered, tell};
use crate::app::control::request::{ImportBody, ImportFormat};
use crate::app::control::view::{ErrorKind, ErrorView, RegisteredView};

/// Longest file of entries that is read, in octets.
const MAX_IMPORT: u64 = 256 << 20;

/// Longest part that is sent at once, in octets: with its JSON the door takes 1 MiB. Each part is a change of its own.
const PART: usize = 400 << 10;

pub async fn run(door: &Door, output: Output, file: &Path) -> Result<Exit, ErrorView> {
    let text = read(file)?;
    let is_json = text.trim_start().starts_with('{');
    let parts = if is_json { Vec::new() } else { parts(&text) };
    if let [_] | [] = parts[..] {
        let format = if is_json { ImportFormat::Json } else { ImportFormat::Setkey };
        let body = ImportBody { text, format, part: false };
        return registered(output, &door.post("/v1/policy/import", &body).await?, true);
    }
    in_parts(door, output, &text, &parts).await
}

/// One part after the other, until somebody has had enough.
async fn in_parts(door: &Door, output: Output, text: &str, parts: &[&str]) -> Result<Exit, ErrorView> {
    // A part may speak of one direction where the file speaks of both.
    let both = text.contains("-P out") && text.contains("-P in");
    let mut stopped = std::pin::pin!(super::interrupted());
    let mut whole: Option<RegisteredView> = None;
    for (number, part) in (1..).zip(parts) {
        let body = ImportBody { text: (*part).to_owned(), format: ImportFormat::Setkey, part: both };
        let reply: Reply = tokio::select! {
            reply = door.post("/v1/policy/import", &body) => reply.map_err(|why| after(why, number, parts.len()))?,
            () = &mut stopped => return Err(left(whole.as_ref(), number, parts.len())),
        };
        let view: RegisteredView = reply.view()?;
        let so_far = match whole.take() {
            Some(before) => before.and(view),
            None => view,
        };
        if std::io::stderr().is_terminal() || number % 10 == 0 {
            output.say(&format!("part {number} of {}: {} entries added", parts.len(), so_far.added.len()));
        }
        whole = Some(so_far);
    }
    if let Some(whole) = whole {
        output.body(serde_json::to_string(&whole).unwrap_or_default().as_bytes());
        tell(output, &whole, true);
    }
    Ok(Exit::Done)
}

/// Cut where a line begins with `spdadd`.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        let begins = line.trim_start().starts_with("spdadd");
        if begins && end + line.len() - begin > PART && end > begin {
            parts.extend(text.get(begin..end));
            begin = end;
        }
        end += line.len();
    }
    parts.extend(text.get(begin..end).filter(|last| !last.is_empty()));
    parts
}

fn read(file: &Path) -> Result<String, ErrorView> {
    let open: std::io::Result<Box<dyn Read>> = match file.to_str() {
        Some("-") => Ok(Box::new(std::io::stdin())),
        _ => std::fs::File::open(file).map(|file| Box::new(file) as Box<dyn Read>),
    };
    let mut text = String::new();
    let read = open.and_then(|file| file.take(MAX_IMPORT + 1).read_to_string(&mut text));
    read.map_err(|why| unreadable(file, &why.to_string()))?;
    if text.len() as u64 > MAX_IMPORT {
        return Err(unreadable(file, "it is larger than 256 MiB"));
    }
    Ok(text)
}

fn unreadable(file: &Path, why: &str) -> ErrorView {
    let name = crate::vocab::escape(&file.to_string_lossy());
    ErrorView {
        code: "file-unreadable".into(),
        message: format!("{name} cannot be read: {why}"),
        subject: name,
        next: "name a file of spdadd lines".into(),
        kind: ErrorKind::Usage,
    }
}

/// What was taken before stays.
fn after(why: ErrorView, part: usize, parts: usize) -> ErrorView {
    let message = format!("part {part} of {parts}: {}; the parts before it are in force", why.message);
    ErrorView { message, ..why }
}

fn left(whole: Option<&RegisteredView>, part: usize, parts: usize) -> ErrorView {
    let added = whole.map_or(0, |whole| whole.added.len());
    ErrorView {
        code: "import-left".into(),
        message: format!("left at part {part} of {parts}: {added} entries are added and in force, the rest is not"),
        subject: "import".into(),
        next: "import the file again: what is there is skipped".into(),
        kind: ErrorKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_between_entries() {
        let line = format!("spdadd any any udp -P out\n  none; # {}\n", "x".repeat(100_000));
        let text = format!("# a head\n{}", line.repeat(9));
        let parts = parts(&text);
        assert_eq!(parts.concat(), text);
        assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= PART + line.len()));
        assert!(parts.iter().skip(1).all(|part| part.starts_with("spdadd")));
        assert_eq!(super::parts("spdadd any any udp -P out none"), ["spdadd any any udp -P out none"]);
        assert!(super::parts("").is_empty());
    }
}
