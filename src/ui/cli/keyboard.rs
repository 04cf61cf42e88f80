//! What is typed at the terminal. Every wait for it may be dropped: nothing is taken that nobody waits for any more, and
//! what was typed ahead of a question is no answer to it.

use std::io::{BufRead, IsTerminal, Read, Stdin};
use std::time::Duration;

use crossterm::event::{poll, read, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::io::unix::AsyncFd;
use tokio::io::Interest;

use super::output::Output;
use crate::vocab::Redacted;

/// The user left a question: Ctrl-C, the end of input, or a polite kill.
pub struct Left;

/// Shows a question that a key answers. The terminal is raw before it can be seen: it would keep what is pressed then for a line
/// that nobody reads, and a Ctrl-D would be lost. What was pressed before is no answer to it.
pub fn ask_for_key(output: Output, question: &str) -> Option<Raw> {
    output.end_question();
    let raw = Raw::enter();
    forget_the_rest();
    output.ask(&question.replace('\n', "\r\n"));
    raw
}

/// One key, in raw mode for as long as it takes; `None` when there will be none. What came with it, as of a word that was
/// pasted, is thrown away: none of it is a key for the next question.
pub async fn press(raw: Option<Raw>) -> Option<KeyEvent> {
    let _raw = raw.or_else(Raw::enter)?;
    loop {
        while is_there()? {
            match read().ok()? {
                Event::Key(key) if key.kind == KeyEventKind::Press => {
                    forget_the_rest();
                    return Some(key);
                }
                _ => {}
            }
        }
        typed().await?;
    }
}

/// A line typed at a question.
pub async fn line(output: Output, question: &str) -> Result<String, Left> {
    output.ask(question);
    typed().await.ok_or(Left)?;
    let rest = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim().to_owned())
    });
    // A terminal gives whole lines; only one that Ctrl-D broke off makes this wait.
    let line = tokio::select! {
        line = rest => line.ok().flatten(),
        () = super::interrupted() => None,
    };
    // Ctrl-D leaves the cursor where the question ends.
    let line = line.ok_or(Left)?;
    output.answered();
    Ok(line)
}

/// Longest line of a secret, in octets.
const LONGEST_SECRET: usize = 4096;

/// A line typed at a question, of which nothing is shown. The question goes to standard error: the line may be for a program
/// whose result is read by another.
pub async fn secret(output: Output, question: &str) -> Result<Redacted<String>, Left> {
    // First, or what is typed as soon as the question is there could be shown.
    let raw = Raw::enter().ok_or(Left)?;
    output.ask_aside(question);
    let mut line = Redacted(String::with_capacity(LONGEST_SECRET));
    let ended = 'line: loop {
        while is_there().ok_or(Left)? {
            let Event::Key(key) = read().map_err(|_| Left)? else { continue };
            if let Some(ended) = take(&mut line, &key) {
                break 'line ended;
            }
        }
        if typed().await.is_none() {
            break Err(Left);
        }
    };
    drop(raw);
    output.end_aside();
    ended.map(|()| line)
}

/// One key of it; `Some` ends the line.
fn take(line: &mut Redacted<String>, key: &KeyEvent) -> Option<Result<(), Left>> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => return Some(Ok(())),
        KeyCode::Char('j' | 'm') if control => return Some(Ok(())),
        KeyCode::Char('c' | 'd') if control => return Some(Err(Left)),
        KeyCode::Char('u') if control => line.0.clear(),
        KeyCode::Char('h') if control => drop(line.0.pop()),
        KeyCode::Backspace => drop(line.0.pop()),
        // It never grows: a copy that is left behind would not be overwritten.
        KeyCode::Char(c) if !control && line.0.len() + c.len_utf8() <= LONGEST_SECRET => line.0.push(c),
        _ => {}
    }
    None
}

/// The first line of what comes through a pipe.
pub fn piped_line() -> std::io::Result<Redacted<String>> {
    let mut line = Redacted(String::with_capacity(LONGEST_SECRET));
    std::io::stdin().lock().take(LONGEST_SECRET as u64).read_line(&mut line.0)?;
    while line.0.ends_with(['\n', '\r']) {
        line.0.pop();
    }
    Ok(line)
}

/// A key that was pressed before the question could be seen is no answer to it.
pub fn forget_what_was_typed() {
    let Some(_raw) = Raw::enter() else { return };
    forget_the_rest();
}

fn forget_the_rest() {
    while is_there() == Some(true) && read().is_ok() {}
}

/// Whether something was typed; `None` when nothing will be any more. Of a terminal that is gone crossterm would read for ever.
fn is_there() -> Option<bool> {
    std::io::stdin().is_terminal().then(|| poll(Duration::ZERO).ok())?
}

/// Waits until something was typed; `None` when nothing will be any more.
async fn typed() -> Option<()> {
    tokio::select! {
        biased;
        () = super::interrupted() => None,
        open = readable() => open,
    }
}

#[expect(deprecated, reason = "standard input stays open, which is what its successor has the caller promise")]
async fn readable() -> Option<()> {
    let input = AsyncFd::<Stdin>::with_interest(std::io::stdin(), Interest::READABLE).ok()?;
    let ready = input.readable().await.ok()?.ready();
    (!ready.is_read_closed()).then_some(())
}

/// Raw mode, left also when the question is dropped.
pub struct Raw;

impl Raw {
    fn enter() -> Option<Self> {
        crossterm::terminal::enable_raw_mode().ok().map(|()| Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = crossterm::terminal::disable_raw_mode();
    }
}
