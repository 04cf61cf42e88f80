//! What is typed at the terminal. Every wait for it may be dropped: nothing is taken that nobody waits for any more, and
//! what was typed ahead of a question is no answer to it.

use std::io::Stdin;
use std::time::Duration;

use crossterm::event::{poll, read, Event, KeyEvent, KeyEventKind};
use tokio::io::unix::AsyncFd;
use tokio::io::Interest;

use super::output::Output;

/// The user left a question: Ctrl-C, the end of input, or a polite kill.
pub struct Left;

/// One key, in raw mode for as long as it takes; `None` when there will be none. What came with it, as of a word that was
/// pasted, is thrown away: none of it is a key for the next question.
pub async fn press() -> Option<KeyEvent> {
    let _raw = Raw::enter()?;
    loop {
        while poll(Duration::ZERO).ok()? {
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

/// A key that was pressed before the question could be seen is no answer to it.
pub fn forget_what_was_typed() {
    let Some(_raw) = Raw::enter() else { return };
    forget_the_rest();
}

fn forget_the_rest() {
    while poll(Duration::ZERO).is_ok_and(|more| more) && read().is_ok() {}
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
struct Raw;

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
