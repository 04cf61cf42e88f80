//! The prompt below a review: approve, tighten, edit any field, refuse; Tab switches the page.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::answer;
use super::door::{Door, Reply};
use super::edit::{self, Drafts};
use super::exit::Exit;
use super::output::Output;
use super::screen::fill;
use super::screen::review::{self, Side};
use super::tighten;
use crate::app::control::request::{AnswerBody, AnsweredBy};
use crate::app::control::view::{ErrorView, ReviewView};

/// The user left a question: Ctrl-C, the end of input, or a polite kill.
pub struct Left;

/// What the user pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Approve,
    Edit,
    Later,
    Refuse,
    Switch,
    Tighten,
}

pub async fn answer(door: &Door, output: Output, review: ReviewView) -> Result<Exit, ErrorView> {
    forget_what_was_typed().await;
    let mut side = Side::Both;
    let mut drafts = Drafts::default();
    show(output, &review, side);
    loop {
        // A refused edit goes on as an edit: a next line typed for it must not be read as keys, `a` of `action` as approval.
        let choosing = async {
            match drafts.are_kept() {
                true => edited(output, &review, &mut drafts).await,
                false => choose(output, &review, &mut side, &mut drafts).await,
            }
        };
        let chosen = tokio::select! {
            chosen = choosing => chosen,
            ended = answer::answered(door, &review.id) => return ended_elsewhere(door, output, &review.id, &ended?).await,
        };
        let Some(answer) = chosen.map_err(|Left| answer::pending(&review, door.is_own()))? else { continue };
        match answer::send(door, output, &review.id, &answer).await {
            Err(error) if MENDED_HERE.contains(&error.code.as_str()) => {
                output.error(&error);
                if drafts.are_kept() {
                    output.say("your changes are kept: go on with them, or go back with an empty line");
                }
            }
            Ok(_) if matches!(answer, AnswerBody::Refuse { .. }) => return Ok(Exit::RefusedByUser),
            settled => return settled,
        }
    }
}

/// Another process answered, or nobody in time: the question that stands here has no use any more.
async fn ended_elsewhere(door: &Door, output: Output, id: &str, ended: &Reply) -> Result<Exit, ErrorView> {
    output.answered();
    output.say(&format!("review {id} has ended while it was asked here"));
    answer::settled(door, output, ended).await
}

/// Failures of an answer that leave the review open, for the user to answer it otherwise.
const MENDED_HERE: [&str; 6] =
    ["answer-impossible", "bad-answer", "bad-policy-text", "bad-rules", "looser-than-asked", "policy-text-unreadable"];

/// One key and what it asks for; `None` when the user is back at the keys.
async fn choose(
    output: Output,
    review: &ReviewView,
    side: &mut Side,
    drafts: &mut Drafts,
) -> Result<Option<AnswerBody>, Left> {
    Ok(match key(output, review).await {
        Key::Approve => Some(approve(None)),
        Key::Edit => edited(output, review, drafts).await?,
        Key::Later => return Err(Left),
        Key::Refuse => Some(AnswerBody::Refuse { by: at_terminal() }),
        Key::Switch => {
            *side = side.next();
            show(output, review, *side);
            None
        }
        Key::Tighten => tighten::rules(output, review).await?.map(|rules| approve(Some(rules))),
    })
}

async fn edited(output: Output, review: &ReviewView, drafts: &mut Drafts) -> Result<Option<AnswerBody>, Left> {
    let entries = edit::entries(output, review, drafts).await?;
    Ok(entries.map(|entries| AnswerBody::Edit { entries, by: at_terminal() }))
}

fn at_terminal() -> Option<AnsweredBy> {
    Some(AnsweredBy::Terminal)
}

fn approve(rules: Option<String>) -> AnswerBody {
    AnswerBody::Approve { rules, by: at_terminal() }
}

fn show(output: Output, view: &ReviewView, side: Side) {
    output.line("");
    output.lines(&review::review(view, output.width(), side));
}

async fn key(output: Output, review: &ReviewView) -> Key {
    output.ask(&format!("\n{}", keys(review, output.width()).join("\n")));
    let mut told = false;
    loop {
        let Some(pressed) = press().await else { return Key::Later };
        match meant(&pressed) {
            Some(key) => return key,
            None if !std::mem::replace(&mut told, true) => output.ask("keys: a, t, e, r, l, Tab: "),
            None => {}
        }
    }
}

/// The question, broken between its choices where the terminal is narrow.
fn keys(review: &ReviewView, width: usize) -> Vec<String> {
    let tighten = if review.missing.is_empty() { "[t]ighten " } else { "[t]ighten to what is missing " };
    let mut choices = vec!["[a]pprove ", tighten, "[e]dit ", "[r]efuse ", "[l]ater "];
    if width < review::WIDE {
        choices.push("[Tab] other page ");
    }
    let mut lines: Vec<String> =
        fill(choices, width.saturating_sub(2), "").iter().map(|line| line.trim_end().to_owned()).collect();
    if let Some(last) = lines.last_mut() {
        last.push_str(": ");
    }
    lines
}

/// A letter with Ctrl or Alt is another key.
fn meant(pressed: &KeyEvent) -> Option<Key> {
    if pressed.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return matches!(pressed.code, KeyCode::Char('c' | 'd')).then_some(Key::Later);
    }
    match pressed.code {
        KeyCode::Char('a' | 'A') => Some(Key::Approve),
        KeyCode::Char('e' | 'E') => Some(Key::Edit),
        KeyCode::Char('l' | 'L') | KeyCode::Esc => Some(Key::Later),
        KeyCode::Char('r' | 'R') => Some(Key::Refuse),
        KeyCode::Char('t' | 'T') => Some(Key::Tighten),
        KeyCode::Tab => Some(Key::Switch),
        _ => None,
    }
}

/// One key, in raw mode for as long as it takes; `None` when there will be none.
async fn press() -> Option<KeyEvent> {
    let _raw = Raw::enter()?;
    blocking(|| loop {
        match crossterm::event::read().ok()? {
            Event::Key(key) if key.kind == KeyEventKind::Press => return Some(key),
            _ => {}
        }
    })
    .await
}

/// A key that was pressed before the question could be seen is no answer to it.
async fn forget_what_was_typed() {
    let Some(_raw) = Raw::enter() else { return };
    blocking(|| {
        while crossterm::event::poll(Duration::ZERO).ok()? {
            crossterm::event::read().ok()?;
        }
        Some(())
    })
    .await;
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

/// A line typed at a question.
pub async fn line(output: Output, question: &str) -> Result<String, Left> {
    output.ask(question);
    let typed = blocking(|| {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim().to_owned())
    });
    let typed = typed.await.ok_or(Left)?;
    output.answered();
    Ok(typed)
}

/// What the terminal gives, unless Ctrl-C or a kill comes first. The read itself cannot be taken back: its thread
/// stays until the process ends, so nothing may be asked after that.
async fn blocking<T: Send + 'static>(read: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    tokio::select! {
        read = tokio::task::spawn_blocking(read) => read.ok().flatten(),
        () = super::interrupted() => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_letter_answers() {
        let press = |c, modifiers| meant(&KeyEvent::new(KeyCode::Char(c), modifiers));
        assert_eq!(press('a', KeyModifiers::NONE), Some(Key::Approve));
        assert_eq!(press('A', KeyModifiers::SHIFT), Some(Key::Approve));
        for modifiers in [KeyModifiers::CONTROL, KeyModifiers::ALT] {
            assert_eq!(press('a', modifiers), None);
        }
        assert_eq!(press('c', KeyModifiers::CONTROL), Some(Key::Later));
        assert_eq!(press('x', KeyModifiers::NONE), None);
    }
}
