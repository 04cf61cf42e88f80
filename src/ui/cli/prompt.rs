//! The prompt below a review: approve, tighten, edit any field, refuse; Tab switches the page.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::answer;
use super::door::{Door, Reply};
use super::edit::{self, Drafts};
use super::exit::Exit;
use super::keyboard::{ask_for_key, press, Left};
use super::output::Output;
use super::screen::fill;
use super::screen::review::{self, Side};
use super::tighten;
use crate::app::control::request::{AnswerBody, AnsweredBy};
use crate::app::control::view::{ErrorView, ReviewView};

/// The question stays for another time.
pub const LATER: &str = "[l]ater ";
/// The call that asks ends, and the question with it.
pub const LEAVE: &str = "[l]eave the call ";

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

/// `later` is the choice that leaves the question unanswered.
pub async fn answer(door: &Door, output: Output, review: ReviewView, later: &'static str) -> Result<Exit, ErrorView> {
    let mut side = Side::Both;
    let mut drafts = Drafts::default();
    let mut tightening = false;
    show(output, &review, side);
    loop {
        // What was refused as a line is asked for as a line: the next one must not be read as keys, `a` of `discard` as
        // approval.
        let choosing = async {
            match (drafts.are_kept(), tightening) {
                (true, _) => edited(output, &review, &mut drafts).await,
                (false, true) => tightened(output, &review, &mut tightening).await,
                (false, false) => choose(output, &review, &mut side, &mut drafts, &mut tightening, later).await,
            }
        };
        let chosen = tokio::select! {
            chosen = choosing => chosen,
            ended = answer::over(door, &review.id) => return ended_elsewhere(door, output, &review.id, &ended?).await,
        };
        let Some(answer) = chosen.map_err(|Left| answer::pending(&review, door.is_own()))? else { continue };
        let mut answer = answer;
        let mut sent = answer::send(door, output, &review.id, &answer).await;
        if let Err(error) = &sent {
            if LOOSER.contains(&error.code.as_str()) && wants_to_ask(output, error).await {
                answer = proposing(answer);
                sent = answer::send(door, output, &review.id, &answer).await;
            }
        }
        match sent {
            Err(error) if LOOSER.contains(&error.code.as_str()) => {
                if drafts.are_kept() {
                    output.say("your changes are kept: go on with them, or go back with an empty line");
                }
            }
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
const MENDED_HERE: [&str; 13] = [
    "answer-impossible",
    "bad-answer",
    "bad-note",
    "bad-policy-text",
    "bad-rules",
    "not-agreed",
    "peer-unreachable",
    "policy-text-unreadable",
    "proposal-cancelled",
    "proposal-expired",
    "proposal-refused",
    "proposal-rejected",
    "proposals-crossed",
];

/// Only the peer's user can make these possible.
const LOOSER: [&str; 2] = ["another-policy", "looser-than-asked"];

/// Says which fields are looser, and that the peer would be asked.
pub async fn wants_to_ask(output: Output, error: &ErrorView) -> bool {
    output.error(error);
    let mut raw = ask_for_key(output, "have the peer's user asked? [y]es, any other key goes back: ");
    let Some(pressed) = press(raw.take()).await else { return false };
    matches!(pressed.code, KeyCode::Char('y' | 'Y'))
        && !pressed.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

fn proposing(answer: AnswerBody) -> AnswerBody {
    match answer {
        AnswerBody::Approve { rules, by, note, .. } => AnswerBody::Approve { rules, by, propose: true, note },
        AnswerBody::Edit { entries, by, note, .. } => AnswerBody::Edit { entries, by, propose: true, note },
        refuse @ AnswerBody::Refuse { .. } => refuse,
    }
}

/// One key and what it asks for; `None` when the user is back at the keys.
async fn choose(
    output: Output,
    review: &ReviewView,
    side: &mut Side,
    drafts: &mut Drafts,
    tightening: &mut bool,
    later: &'static str,
) -> Result<Option<AnswerBody>, Left> {
    Ok(match key(output, review, later).await {
        Key::Approve => Some(approve(None)),
        Key::Edit => edited(output, review, drafts).await?,
        Key::Later => return Err(Left),
        Key::Refuse => Some(AnswerBody::Refuse { by: at_terminal() }),
        Key::Switch => {
            *side = side.next();
            show(output, review, *side);
            None
        }
        Key::Tighten => tightened(output, review, tightening).await?,
    })
}

/// Rules that were typed are asked for again until they are taken, or the user goes back.
async fn tightened(output: Output, review: &ReviewView, goes_on: &mut bool) -> Result<Option<AnswerBody>, Left> {
    let rules = tighten::rules(output, review).await?;
    *goes_on = rules.is_some() && review.one_step.is_none();
    Ok(rules.map(|rules| approve(Some(rules))))
}

async fn edited(output: Output, review: &ReviewView, drafts: &mut Drafts) -> Result<Option<AnswerBody>, Left> {
    let entries = edit::entries(output, review, drafts).await?;
    Ok(entries.map(|entries| AnswerBody::Edit { entries, by: at_terminal(), propose: false, note: None }))
}

fn at_terminal() -> Option<AnsweredBy> {
    Some(AnsweredBy::Terminal)
}

fn approve(rules: Option<String>) -> AnswerBody {
    AnswerBody::Approve { rules, by: at_terminal(), propose: false, note: None }
}

fn show(output: Output, view: &ReviewView, side: Side) {
    output.line("");
    output.lines(&review::review(view, output.width(), side));
}

async fn key(output: Output, review: &ReviewView, later: &'static str) -> Key {
    let mut raw = ask_for_key(output, &format!("\n{}", keys(review, later, output.width()).join("\n")));
    let mut told = false;
    loop {
        let Some(pressed) = press(raw.take()).await else { return Key::Later };
        match meant(&pressed) {
            Some(key) => return key,
            None if !std::mem::replace(&mut told, true) => raw = ask_for_key(output, "keys: a, t, e, r, l, Tab: "),
            None => output.ring(),
        }
    }
}

/// The question, broken between its choices where the terminal is narrow.
fn keys(review: &ReviewView, later: &'static str, width: usize) -> Vec<String> {
    let tighten = if review.missing.is_empty() { "[t]ighten " } else { "[t]ighten to what is missing " };
    let mut choices = vec!["[a]pprove ", tighten, "[e]dit ", "[r]efuse ", later];
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
