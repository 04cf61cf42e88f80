//! In the place of a review, where whoever was asked has no statement: what an ordinary telephone can and cannot have, and what is the user's
//! choice. For people who never heard of SRTP.

use unicode_width::UnicodeWidthStr;

use super::{wrap, Page};
use crate::app::control::view::ErrorView;
use crate::vocab::shell_word;

/// How an ask ends with whoever answers, and is none of our kind as far as can be seen.
const WITHOUT_STATEMENT: [&str; 3] = ["no-presence", "nothing-published", "unsigned"];

/// How it may be called, the safest first: what that is, what it comes to, and the rule for it.
const CHOICES: [(&str, &str, &str); 3] = [
    (
        "encrypted, or not at all",
        "who sees the packets hears nothing and changes nothing",
        "'ipsec srtp/transport//require'",
    ),
    (
        "encrypted if it can be",
        "the same where that is switched on there; else as below",
        "'ipsec srtp/transport//use'",
    ),
    ("in clear", "everybody on the way can listen, and speak in its place", "none"),
];

/// The screen for a failure of that kind, as lines of at most `width` columns. Where keys of that name are approved the failure advises no entry, and
/// there is none.
pub fn without_statement(failure: &ErrorView, width: usize) -> Option<Vec<String>> {
    let is_one = WITHOUT_STATEMENT.contains(&failure.code.as_str()) && failure.next.contains("sottovoce policy add");
    is_one.then(|| telephone(&failure.subject, width.clamp(40, 160)))
}

fn telephone(peer: &str, width: usize) -> Vec<String> {
    let mut lines = title(peer, width);
    lines.push(String::new());
    lines.extend(abilities(width));
    let mut head = Page::new(width, 0);
    head.heading("Your choice");
    lines.extend(head.lines());
    for (what, comes_to, rule) in CHOICES {
        let mut choice = Page::new(width, 0);
        choice.text(&format!("{what}: {comes_to}"));
        lines.extend(choice.lines());
        lines.extend(command(&format!("sottovoce policy add {rule} --entity {}", shell_word(peer)), width));
    }
    lines.push(" and then".into());
    lines.extend(command(&format!("sottovoce call {}", shell_word(peer)), width));
    lines.push(String::new());
    lines
}

/// What is typed may be copied as it stands: within quotes a new line is a space to us, elsewhere the shell has to be told.
fn command(command: &str, width: usize) -> Vec<String> {
    let lines = wrap(command, width - 6, "  ");
    let mut is_quoted = false;
    let typed = |(nth, line): (usize, &String)| {
        is_quoted ^= line.matches('\'').count() % 2 == 1;
        let goes_on = if nth + 1 < lines.len() && !is_quoted { " \\" } else { "" };
        format!("    {line}{goes_on}")
    };
    lines.iter().enumerate().map(typed).collect()
}

fn abilities(width: usize) -> Vec<String> {
    let mut page = Page::new(width, 9);
    page.heading("If it is an ordinary telephone");
    page.field(
        "it can",
        "be called, and call you; its sound can be encrypted on the way (SRTP), where that is switched on there",
    );
    page.field("it cannot", "agree on a policy with you, say where it is, or prove who it is");
    page.field(
        "keys",
        "the two telephones make them (DTLS-SRTP), or they are sent in the messages of the call, by TLS (SDES)",
    );
    page.field("left open", "whoever carries these messages, as your provider does, can listen where the keys are in them; where the telephones make them, only if he forges messages. Everybody on the way sees who calls whom, when, and for how long");
    page.blank();
    page.lines()
}

fn title(peer: &str, width: usize) -> Vec<String> {
    let mut lines = wrap(&format!("═══ No policy of {peer} to review"), width, "    ");
    if let Some(last) = lines.last_mut().filter(|last| last.width() + 4 <= width) {
        last.push_str(" ═══");
    }
    lines
}
