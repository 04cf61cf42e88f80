//! The prompt below a review: approve, tighten, edit any field, refuse; Tab switches the page.

use std::io::Write;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::answer;
use super::door::Door;
use super::edit;
use super::exit::Exit;
use super::output::Output;
use super::screen::review::{self, Side};
use crate::app::control::request::{AnswerBody, AnsweredBy};
use crate::app::control::view::{ErrorView, ReviewView};

/// The user left a question: Ctrl-C, the end of input, or a polite kill.
pub struct Left;

/// What the user pressed.
enum Key {
    Approve,
    Edit,
    Later,
    Refuse,
    Switch,
    Tighten,
}

pub async fn answer(door: &Door, output: Output, review: ReviewView) -> Result<Exit, ErrorView> {
    let mut side = Side::Both;
    show(output, &review, side);
    loop {
        let chosen = choose(output, &review, &mut side).await;
        let Some(answer) = chosen.map_err(|Left| answer::pending(&review, door.is_own()))? else { continue };
        match answer::send(door, output, &review.id, &answer).await {
            Err(error) if MENDED_HERE.contains(&error.code.as_str()) => output.error(&error),
            Ok(_) if matches!(answer, AnswerBody::Refuse { .. }) => return Ok(Exit::RefusedByUser),
            settled => return settled,
        }
    }
}

/// Failures of an answer that leave the review open, for the user to answer it otherwise.
const MENDED_HERE: [&str; 6] =
    ["answer-impossible", "bad-answer", "bad-policy-text", "bad-rules", "looser-than-asked", "policy-text-unreadable"];

/// One key and what it asks for; `None` when the user is back at the keys.
async fn choose(output: Output, review: &ReviewView, side: &mut Side) -> Result<Option<AnswerBody>, Left> {
    Ok(match key(output, review).await {
        Key::Approve => Some(approve(None)),
        Key::Edit => {
            edit::entries(output, review).await?.map(|entries| AnswerBody::Edit { entries, by: at_terminal() })
        }
        Key::Later => return Err(Left),
        Key::Refuse => Some(AnswerBody::Refuse { by: at_terminal() }),
        Key::Switch => {
            *side = side.next();
            show(output, review, *side);
            None
        }
        Key::Tighten => tighter(output, review).await?.map(|rules| approve(Some(rules))),
    })
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
    let one_step = if review.missing.is_empty() { "[t]ighten" } else { "[t]ighten to what is missing" };
    let narrow = if output.width() < review::WIDE { "  [Tab] other page" } else { "" };
    prompt(&format!("\n[a]pprove  {one_step}  [e]dit  [r]efuse  [l]ater{narrow}: "));
    let mut told = false;
    loop {
        let Some(pressed) = press().await else { return Key::Later };
        let ctrl = pressed.modifiers.contains(KeyModifiers::CONTROL);
        let chosen = match pressed.code {
            KeyCode::Char('c' | 'd') if ctrl => Key::Later,
            KeyCode::Char('a') => Key::Approve,
            KeyCode::Char('e') => Key::Edit,
            KeyCode::Char('l') | KeyCode::Esc => Key::Later,
            KeyCode::Char('r') => Key::Refuse,
            KeyCode::Char('t') => Key::Tighten,
            KeyCode::Tab => Key::Switch,
            _ => {
                if !std::mem::replace(&mut told, true) {
                    prompt("\nkeys: a, t, e, r, l, Tab: ");
                }
                continue;
            }
        };
        output.line("");
        return chosen;
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
pub async fn line(question: &str) -> Result<String, Left> {
    prompt(question);
    let typed = blocking(|| {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim().to_owned())
    });
    typed.await.ok_or(Left)
}

/// What the terminal gives, unless Ctrl-C or a kill comes first. The read itself cannot be taken back: its thread
/// stays until the process ends, so nothing may be asked after that.
async fn blocking<T: Send + 'static>(read: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    tokio::select! {
        read = tokio::task::spawn_blocking(read) => read.ok().flatten(),
        () = super::interrupted() => None,
    }
}

fn prompt(text: &str) {
    let mut out = std::io::stdout();
    let _ = write!(out, "{text}");
    let _ = out.flush();
}

/// Which tighter rules: what is missing in one step, or one of three.
async fn tighter(output: Output, review: &ReviewView) -> Result<Option<String>, Left> {
    if let Some(rules) = &review.one_step {
        return Ok(Some(rules.clone()));
    }
    let choices = [
        "ipsec esp/transport//require",
        "ipsec ah/transport//require",
        "ipsec esp/transport//require ah/transport//require",
    ];
    for (number, rules) in choices.iter().enumerate() {
        let advised = if *rules == review.advice.least { "   (as advised)" } else { "" };
        output.line(&format!("  {}  {rules}{advised}", number + 1));
    }
    let typed = line("tighten to 1, 2, 3, or rules of your own (empty goes back): ").await?;
    Ok(match typed.as_str() {
        "" => None,
        "1" | "2" | "3" => {
            typed.parse::<usize>().ok().and_then(|number| choices.get(number - 1)).map(|c| (*c).to_owned())
        }
        rules => Some(rules.to_owned()),
    })
}
