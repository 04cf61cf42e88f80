//! The review: presence and policy side by side, the differences, the advice (FIG. 8, 9, 11, 12, 13).

use super::{beside, policy, presence, Page};
use crate::app::control::view::{DifferenceView, EntryView, RelationView, ReviewView, VerdictView};

/// From so many columns on, presence and policy stand side by side.
pub const WIDE: usize = 100;

/// The two pages between which Tab switches on a narrow screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Both,
    Policy,
    Presence,
}

impl Side {
    pub fn next(self) -> Self {
        match self {
            Self::Both => Self::Presence,
            Self::Presence => Self::Policy,
            Self::Policy => Self::Both,
        }
    }
}

/// The whole review, as lines of at most `width` columns.
pub fn review(review: &ReviewView, width: usize, side: Side) -> Vec<String> {
    let width = width.clamp(40, 160);
    let mut lines = vec![format!("═══ Review {} of {} ═══", review.id, review.presence.entity), String::new()];
    lines.extend(pages(review, width, side));
    lines.push(String::new());
    lines.extend(missing(review, width));
    lines.extend(differences(review, width));
    lines.extend(advice(review, width));
    lines
}

fn pages(review: &ReviewView, width: usize, side: Side) -> Vec<String> {
    if width >= WIDE && side == Side::Both {
        let left = (width - 3) * 9 / 20;
        let right = width - 3 - left;
        return beside(&presence::presence(review, left), &policies(review, right), left, 3);
    }
    match side {
        Side::Both => [presence::presence(review, width), vec![String::new()], policies(review, width)].concat(),
        Side::Policy => policies(review, width),
        Side::Presence => presence::presence(review, width),
    }
}

fn policies(review: &ReviewView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 11);
    if review.proposed.is_empty() {
        page.heading("Policy").text("The peer stated no policy.");
    }
    for (at, entry) in review.proposed.iter().enumerate() {
        if at > 0 {
            page.blank();
        }
        page.heading(&title(entry));
        policy::entry(&mut page, entry);
    }
    for cut in &review.cuts {
        page.blank().text(&format!("cut: {cut}"));
    }
    page.lines()
}

fn title(entry: &EntryView) -> String {
    match entry.direction.as_str() {
        "out" => "Policy: packets from you to the peer".into(),
        _ => "Policy: packets from the peer to you".into(),
    }
}

fn missing(review: &ReviewView, width: usize) -> Vec<String> {
    if review.missing.is_empty() {
        return Vec::new();
    }
    let mut page = Page::new(width, 11);
    page.heading("The peer refused the call");
    page.text(&format!("missing in your policy: {}", review.missing.join(" ")));
    page.blank();
    page.lines()
}

fn differences(review: &ReviewView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 18);
    page.heading("Theirs held against yours");
    let differing: Vec<&DifferenceView> =
        review.differences.iter().filter(|difference| difference.relation != RelationView::Same).collect();
    if differing.is_empty() {
        page.text("the same in every field");
    }
    for difference in differing {
        let value =
            format!("{}   (yours: {}, theirs: {})", relation(difference.relation), difference.ours, difference.theirs);
        page.field(&difference.field, &value);
    }
    page.blank();
    page.lines()
}

fn relation(relation: RelationView) -> &'static str {
    match relation {
        RelationView::Incomparable => "other, neither tighter nor looser",
        RelationView::Looser => "looser",
        RelationView::Same => "same",
        RelationView::Tighter => "tighter",
    }
}

fn advice(review: &ReviewView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 18);
    let advice = &review.advice;
    page.heading("Advice");
    page.field("at least", &advice.least);
    let verdict = match advice.verdict {
        VerdictView::BelowAdvice => "TOO WEAK for these surroundings: tighten it",
        VerdictView::Enough => "enough",
        VerdictView::MoreThanNeeded => "more than needed",
    };
    page.field("as it is", verdict);
    page.field("costs", &format!("{} octets a packet", advice.octets_per_packet));
    advice.why.iter().for_each(|why| {
        page.text(&format!("- {why}"));
    });
    page.lines()
}
