//! The review: presence and policy side by side, the differences, the advice (FIG. 8, 9, 11, 12, 13).

use unicode_width::UnicodeWidthStr;

use super::{beside, policy, presence, wrap, Page};
use crate::app::control::view::{
    DifferenceView, EntryView, RelationView, ReviewKindView, ReviewStateView, ReviewView, VerdictView,
};

/// From so many columns on, presence and policy stand side by side.
pub const WIDE: usize = 100;

/// On a page that is narrower, values stand one below the other.
const NARROW: usize = 60;

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
    let mut lines = title(review, width);
    let indented = |text: &str| wrap(text, width - 4, "").into_iter().map(|line| format!("    {line}"));
    lines.extend(indented(&standing(review)));
    about(review).iter().for_each(|line| lines.extend(indented(line)));
    lines.push(String::new());
    lines.extend(pages(review, width, side));
    lines.push(String::new());
    lines.extend(missing(review, width));
    lines.extend(differences(review, width));
    lines.extend(advice(review, width));
    lines.extend(looser(review, width));
    lines
}

fn title(review: &ReviewView, width: usize) -> Vec<String> {
    let mut lines = wrap(&format!("═══ Review {} of {}", review.id, review.presence.entity), width, "    ");
    if let Some(last) = lines.last_mut().filter(|last| last.width() + 4 <= width) {
        last.push_str(" ═══");
    }
    lines
}

/// What is put, where that is not what the peer says of itself.
fn about(review: &ReviewView) -> Vec<String> {
    let peer = &review.presence.entity;
    let what = match review.kind {
        ReviewKindView::Statement => return Vec::new(),
        ReviewKindView::Counter => format!("{peer} would accept this policy in place of the one that you proposed"),
        ReviewKindView::Proposal => format!(
            "{peer} would like YOUR policy for it to be this one. Until you accept, and until it calls under it, what you have \
             stays in force"
        ),
    };
    let note = review.note.as_ref().map(|note| format!("its user says: \"{note}\""));
    std::iter::once(what).chain(note).collect()
}

/// What has become of it.
fn standing(review: &ReviewView) -> String {
    let rule = review.rule.as_ref().map(|rule| format!(" {rule}")).unwrap_or_default();
    let by = review.by.as_ref().map(|by| format!(" ({by}{rule})")).unwrap_or_default();
    match review.state {
        ReviewStateView::Declined => {
            let why = review.failure.as_ref().map(|failure| format!(": {}", failure.message)).unwrap_or_default();
            format!("nothing was agreed{why}; give another answer until {}", review.deadline)
        }
        ReviewStateView::Failed => {
            let why = review.failure.as_ref().map(|failure| format!(": {}", failure.message)).unwrap_or_default();
            format!("approved, but not registered{why}")
        }
        ReviewStateView::Looser => format!("your answer is too loose; give another one until {}", review.deadline),
        ReviewStateView::Pending => format!("waits for your answer until {}", review.deadline),
        ReviewStateView::Proposed => {
            let proposal = review.proposal.as_deref().unwrap_or("?");
            format!("your answer is looser than the peer asks, and waits for its user: proposal {proposal}")
        }
        ReviewStateView::Refused => format!("refused{by}: nothing was registered"),
        ReviewStateView::Registered if review.kind == ReviewKindView::Proposal => {
            format!("agreed{by}; in force once the peer calls under it")
        }
        ReviewStateView::Registered => {
            format!("approved{by}, registered as generation {}", review.generation.unwrap_or_default())
        }
        ReviewStateView::Stale if review.proposal.is_some() => {
            "the peer would accept another policy: see the next review".into()
        }
        ReviewStateView::Stale => "overtaken since: see `sottovoce review list` for the one in its place".into(),
        ReviewStateView::Storing => format!("approved{by}, on its way to the disk"),
    }
}

fn pages(review: &ReviewView, width: usize, side: Side) -> Vec<String> {
    let blank = String::new();
    if width >= WIDE && side == Side::Both {
        return in_two_columns(review, width).join(&blank);
    }
    match side {
        Side::Both => [&presence::presence(review, width)[..], &policies(review, width)].concat().join(&blank),
        Side::Policy => policies(review, width).join(&blank),
        Side::Presence => presence::presence(review, width).join(&blank),
    }
}

/// Section beside section, so that their headings stand in line.
fn in_two_columns(review: &ReviewView, width: usize) -> Vec<Vec<String>> {
    let left = (width - 3) * 9 / 20;
    let right = width - 3 - left;
    let (presence, policies) = (presence::presence(review, left), policies(review, right));
    let section = |all: &[Vec<String>], at: usize| all.get(at).cloned().unwrap_or_default();
    let rows = 0..presence.len().max(policies.len());
    rows.map(|at| beside(&section(&presence, at), &section(&policies, at), left, 3)).collect()
}

/// One section for each entry, and one for what was cut off.
fn policies(review: &ReviewView, width: usize) -> Vec<Vec<String>> {
    let page = || Page::new(width, 11);
    let section = |(at, entry): (usize, &EntryView)| {
        let mut page = page();
        page.heading(&format!("Policy: {}{}", packets(entry), place(&review.proposed, at)));
        policy::entry(&mut page, entry);
        page.lines()
    };
    let mut sections: Vec<Vec<String>> = review.proposed.iter().enumerate().map(section).collect();
    if !review.cuts.is_empty() {
        let mut page = page();
        page.heading("Policy: beyond the two of you");
        review.cuts.iter().for_each(|cut| {
            page.text(&format!("- {cut}"));
        });
        sections.push(page.lines());
    }
    sections
}

fn packets(entry: &EntryView) -> &'static str {
    match entry.direction.as_str() {
        "out" => "packets from you to the peer",
        _ => "packets from the peer to you",
    }
}

/// Which of how many in its direction, if there are more than one.
fn place(all: &[EntryView], at: usize) -> String {
    let same = |entry: &&EntryView| all.get(at).is_some_and(|this| this.direction == entry.direction);
    match all.iter().filter(same).count() {
        0 | 1 => String::new(),
        count => format!(" ({} of {count})", all.iter().take(at + 1).filter(same).count()),
    }
}

/// What a call was refused for, and what mends it.
fn missing(review: &ReviewView, width: usize) -> Vec<String> {
    if review.missing.is_empty() {
        return Vec::new();
    }
    let mut page = Page::new(width, names(width));
    page.heading("The peer refused the call");
    page.field("missing", &review.missing.join(" "));
    if let Some(rules) = &review.one_step {
        page.field("one step", rules);
    }
    page.blank();
    page.lines()
}

/// Columns for the names below the two pages.
fn names(width: usize) -> usize {
    if width < NARROW {
        8
    } else {
        18
    }
}

fn differences(review: &ReviewView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, names(width));
    page.heading("Theirs held against yours");
    let differing: Vec<&DifferenceView> =
        review.differences.iter().filter(|row| row.relation != RelationView::Same || row.ours != row.theirs).collect();
    if differing.is_empty() {
        page.text("the same in every field");
    }
    for row in differing {
        let relation = relation(row.relation);
        if width < NARROW {
            page.text(&format!("{}: {relation}", row.field)).field("  yours", &row.ours).field("  theirs", &row.theirs);
        } else {
            let (ours, theirs) = (format!("  (yours: {},", row.ours), format!("theirs: {})", row.theirs));
            page.words(&row.field, [relation, &ours, &theirs]);
        }
    }
    page.blank();
    page.lines()
}

fn relation(relation: RelationView) -> &'static str {
    match relation {
        RelationView::Incomparable => "neither tighter nor looser",
        RelationView::Looser => "looser",
        RelationView::Same => "as tight",
        RelationView::Tighter => "tighter",
    }
}

fn advice(review: &ReviewView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, names(width));
    let advice = &review.advice;
    page.heading("Advice");
    if let Some(about) = circumstances(review) {
        page.field("about", &about);
    }
    page.field("at least", &advice.least);
    let verdict = match advice.verdict {
        VerdictView::BelowAdvice => "TOO WEAK for these surroundings: tighten it",
        VerdictView::Enough => "enough",
        VerdictView::MoreThanNeeded => "more than needed",
    };
    page.field("costs", &format!("{} octets a packet", advice.octets_per_packet));
    page.field("as it is", verdict);
    advice.why.iter().for_each(|why| {
        page.text(&format!("- {why}"));
    });
    page.lines()
}

/// Who the peer is and what it is about, where that is known or was said.
fn circumstances(review: &ReviewView) -> Option<String> {
    let about = &review.about;
    let who =
        Some(about.relation.as_str()).filter(|relation| *relation != "unknown").map(|who| format!("{who} of yours"));
    let who = who.or_else(|| {
        let group = review.unproven_group.as_ref()?;
        Some(format!(
            "a stranger: it is {group} in your contacts, but its key is not approved, so nothing of that counts"
        ))
    });
    let purpose = about.purpose.as_ref().map(|purpose| format!("purpose {purpose}"));
    let content = about.content.as_ref().map(|content| format!("content {content}"));
    let parts: Vec<String> = [who, purpose, content].into_iter().flatten().collect();
    Some(parts.join(", ")).filter(|parts| !parts.is_empty())
}

/// In what the last answer was looser than the peer asks.
fn looser(review: &ReviewView, width: usize) -> Vec<String> {
    if review.looser.is_empty() {
        return Vec::new();
    }
    let mut page = Page::new(width, 0);
    page.blank().heading("Looser than the peer asks").text("Your answer would have the peer discard your packets:");
    review.looser.iter().for_each(|field| {
        page.text(&format!("- {field}"));
    });
    page.lines()
}
