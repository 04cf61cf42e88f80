use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::OnceLock;

use super::screen::table::table;
use super::screen::wrap;
use crate::app::control::view::{ErrorBody, ErrorKind, ErrorView};

/// A question stands on the terminal, and its line is not ended: whatever is said next ends it first.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Why the first result that could not be written was not.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Where results go: one JSON object, or text for a person. Messages always go to stderr.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub json: bool,
}

impl Output {
    /// Whether a person sits at both ends of this process.
    pub fn is_interactive(self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
    }

    /// Columns of the terminal; without one, what COLUMNS says, else 80.
    pub fn width(self) -> usize {
        if !std::io::stdout().is_terminal() {
            return told(std::env::var("COLUMNS").ok().as_deref());
        }
        crossterm::terminal::size()
            .ok()
            .filter(|(columns, _)| *columns > 0)
            .map_or(80, |(columns, _)| usize::from(columns))
    }

    /// Rows under a head. Fitted to a terminal, or to COLUMNS; other programs get one row a line.
    pub fn table<const N: usize>(self, head: [&str; N], rows: &[[String; N]]) {
        let fitted = std::io::stdout().is_terminal() || std::env::var_os("COLUMNS").is_some();
        let width = if fitted { self.width() } else { usize::MAX };
        self.lines(&table(head, rows, width));
    }

    /// The same with sentences in it, which nobody reads by the column: fitted whatever takes it.
    pub fn sentences<const N: usize>(self, head: [&str; N], rows: &[[String; N]]) {
        self.lines(&table(head, rows, self.width()));
    }

    pub fn lines(self, lines: &[String]) {
        if !self.json {
            lines.iter().for_each(|line| put(line));
        }
    }

    pub fn line(self, line: &str) {
        if !self.json {
            put(line);
        }
    }

    /// The response body, whole, as the one thing on stdout.
    pub fn body(self, body: &[u8]) {
        if self.json {
            put(String::from_utf8_lossy(body).trim_end());
        }
    }

    /// Octets as they are. A reader that went away is no error.
    pub fn whole(self, octets: &[u8]) {
        let mut out = std::io::stdout();
        note(out.write_all(octets).and_then(|()| out.flush()));
    }

    /// Why results could not be written, if that is so: a full disk under a redirection.
    pub fn unwritten(self) -> Option<ErrorView> {
        UNWRITTEN.get().map(|why| ErrorView {
            code: "output-unwritten".into(),
            message: format!("the result could not be written: {why}"),
            subject: "standard output".into(),
            next: "free some space, or write it elsewhere; what was asked for was done".into(),
            kind: ErrorKind::Failed,
        })
    }

    /// The line of a question that stands there, if one does.
    pub fn end_question(self) {
        end_question();
    }

    /// A question, whose answer is typed on its last line.
    pub fn ask(self, question: &str) {
        end_question();
        let mut out = std::io::stdout();
        let _ = write!(out, "{question}").and_then(|()| out.flush());
        ASKING.store(true, Ordering::Relaxed);
    }

    /// A question that is no part of the result.
    pub fn ask_aside(self, question: &str) {
        end_question();
        let mut err = std::io::stderr();
        let _ = write!(err, "{question}").and_then(|()| err.flush());
    }

    /// In the place of what stood on this line of the terminal.
    pub fn meter(self, text: &str) {
        if !self.json && std::io::stderr().is_terminal() {
            let _ = std::io::stderr().write_all(format!("\r{text}\x1b[K").as_bytes());
        }
    }

    /// The line is free again.
    pub fn end_meter(self) {
        self.meter("");
    }

    /// Nothing that was typed has ended its line.
    pub fn end_aside(self) {
        let _ = writeln!(std::io::stderr());
    }

    /// What was typed means nothing here.
    pub fn ring(self) {
        let mut out = std::io::stdout();
        let _ = out.write_all(b"\x07").and_then(|()| out.flush());
    }

    /// The user's Enter has ended the line.
    pub fn answered(self) {
        ASKING.store(false, Ordering::Relaxed);
    }

    /// A message beside the result.
    pub fn say(self, line: &str) {
        end_question();
        // In one piece: other programs write to this terminal too.
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    }

    pub fn error(self, error: &ErrorView) {
        if self.json {
            let body = serde_json::to_string(&ErrorBody { error: error.clone() });
            put(&body.unwrap_or_default());
        } else {
            self.paragraph("", &format!("sottovoce: {}", error.message));
            self.paragraph("  ", &format!("next: {}", error.next));
        }
    }

    /// Broken between words on a terminal, so that a fingerprint is not torn; whole for everything else.
    fn paragraph(self, lead: &str, text: &str) {
        let room = match crossterm::terminal::size() {
            Ok((columns, _)) if std::io::stderr().is_terminal() => usize::from(columns.max(20)) - lead.len(),
            _ => usize::MAX,
        };
        wrap(text, room, "  ").iter().for_each(|line| self.say(&format!("{lead}{line}")));
    }
}

/// A reader that went away, as `head` does, is no error.
fn put(line: &str) {
    end_question();
    note(writeln!(std::io::stdout(), "{line}"));
}

fn note(written: std::io::Result<()>) {
    if let Some(why) = written.err().filter(|why| why.kind() != std::io::ErrorKind::BrokenPipe) {
        let _ = UNWRITTEN.set(why.to_string());
    }
}

fn end_question() {
    if ASKING.swap(false, Ordering::Relaxed) {
        let _ = writeln!(std::io::stdout());
    }
}

/// The terminal shows Ctrl-C where the cursor stands: what is said next begins a line.
pub fn end_interrupted_line() {
    if std::io::stdin().is_terminal() {
        ASKING.store(false, Ordering::Relaxed);
        let _ = writeln!(std::io::stderr());
    }
}

fn told(columns: Option<&str>) -> usize {
    columns.and_then(|text| text.parse().ok()).filter(|columns| (1..=1000).contains(columns)).unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn columns_are_believed_within_reason() {
        for (text, width) in [(Some("120"), 120), (Some("0"), 80), (Some("wide"), 80), (Some("99999"), 80), (None, 80)]
        {
            assert_eq!(told(text), width);
        }
    }
}
