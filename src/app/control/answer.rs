//! The user's words, read.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::failures::usage;
use super::request::{AnswerBody, AnsweredBy};
use crate::policy::{setkey, Action, Aim, Answer, Content, Intent, Suite};
use crate::vocab::{escape, Failure, Fingerprint};

/// The answer and through which user interface it came.
pub(super) fn answer(body: &AnswerBody) -> Result<(Answer, &'static str), Failure> {
    Ok(match body {
        AnswerBody::Approve { rules, by, propose, note } => {
            let answer = rules.as_ref().map_or(Ok(Answer::Approve), |rules| rules_answer(rules))?;
            (proposed(answer, *propose, note.as_ref()), through(*by))
        }
        AnswerBody::Edit { entries, by, propose, note } => {
            (proposed(edit_answer(entries)?, *propose, note.as_ref()), through(*by))
        }
        AnswerBody::Refuse { by } => (Answer::Refuse, through(*by)),
    })
}

fn proposed(answer: Answer, propose: bool, note: Option<&String>) -> Answer {
    match propose {
        true => Answer::Propose { answer: Box::new(answer), note: note.cloned() },
        false => answer,
    }
}

pub(super) fn fingerprint(text: &str) -> Result<Fingerprint, Failure> {
    Fingerprint::parse(text).ok_or_else(|| {
        usage(
            "bad-fingerprint",
            format!("\"{}\" is no fingerprint", escape(&text.chars().take(80).collect::<String>())),
            "accept-key",
            "give all 64 hexadecimal digits of the new key; the message about the changed key shows them",
        )
    })
}

/// What an ask or a call is for, and what will be said.
pub(super) fn intent(purpose: Option<&str>, content: Option<&str>) -> Result<Intent, Failure> {
    let bad = |text: &str, option: &str, next: &str| {
        let shown = escape(&text.chars().take(80).collect::<String>());
        usage("bad-intent", format!("{shown} is no {option}"), option, next)
    };
    let aim = |text: &str| {
        Aim::from_name(text).ok_or_else(|| bad(text, "purpose", "write private, business, advertising or own"))
    };
    let said = |text: &str| {
        Content::from_name(text).ok_or_else(|| bad(text, "content", "write public, personal or confidential"))
    };
    Ok(Intent { purpose: purpose.map(aim).transpose()?, content: content.map(said).transpose()? })
}

/// A file for the agent to open: absolute, for the agent has another working directory than its user.
pub(super) fn file(text: &str, option: &str) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(text);
    if path.is_absolute() {
        return Ok(path);
    }
    Err(usage("relative-path", format!("\"{}\" is not absolute", escape(text)), option, "give the whole path, from /."))
}

/// The same for what is recorded into: a name of another kind of file would be given to a WAV.
pub(super) fn recording(text: &str, option: &str) -> Result<PathBuf, Failure> {
    let path = file(text, option)?;
    let is_known = |ending: &OsStr| ["opus", "wav"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    if path.extension().is_none_or(is_known) {
        return Ok(path);
    }
    let next = "a recording is WAV or Opus: let its name end in .wav or .opus";
    Err(usage("no-recording", format!("\"{}\" names another kind of file", escape(text)), option, next))
}

/// Whether these `spdadd` lines can be read.
pub fn is_policy(entries: &str) -> bool {
    setkey::parse(entries).is_ok()
}

/// Every suite that an entry can name, the one we prefer first.
pub fn suites() -> [&'static str; 3] {
    Suite::ALL.map(Suite::name)
}

fn rules_answer(rules: &str) -> Result<Answer, Failure> {
    action(rules).map(Answer::Rules)
}

/// Rules as they are typed.
pub(super) fn action(rules: &str) -> Result<Action, Failure> {
    setkey::parse_action(rules).map_err(|error| {
        let next = "write `none`, `discard`, or `ipsec ah/transport//require esp/transport//require`";
        usage("bad-rules", format!("these rules cannot be read: {error}"), "approve", next)
    })
}

pub(super) fn edit_answer(entries: &str) -> Result<Answer, Failure> {
    let entries = setkey::parse(entries).map_err(|error| error.failure("edit"))?;
    if entries.is_empty() {
        let next = "give at least one spdadd line, or answer with refuse";
        return Err(usage("bad-policy-text", "there is no spdadd line".to_owned(), "edit", next));
    }
    Ok(Answer::Edit(entries))
}

fn through(by: Option<AnsweredBy>) -> &'static str {
    match by {
        None | Some(AnsweredBy::Control) => "control",
        Some(AnsweredBy::Flag) => "flag",
        Some(AnsweredBy::Page) => "page",
        Some(AnsweredBy::Terminal) => "terminal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_inside_out_whatever_their_order() {
        let body = |rules: &str| AnswerBody::Approve {
            rules: Some(rules.to_owned()),
            by: Some(AnsweredBy::Flag),
            propose: false,
            note: None,
        };
        let (read, by) = answer(&body("ipsec ah/transport//require esp/transport//require")).unwrap();
        let Answer::Rules(action) = read else { panic!("{read:?}") };
        assert_eq!(action.to_string(), "ipsec esp/transport//require ah/transport//require");
        assert_eq!(by, "flag");
    }

    #[test]
    fn a_text_that_cannot_be_read_says_where() {
        let rules = AnswerBody::Approve {
            rules: Some("ipsec esp/transport//maybe".to_owned()),
            by: None,
            propose: false,
            note: None,
        };
        let failure = answer(&rules).unwrap_err();
        assert!(failure.message.contains("column") && failure.message.contains("maybe"), "{failure:?}");
        assert!(answer(&AnswerBody::Edit { entries: " ".to_owned(), by: None, propose: false, note: None }).is_err());
        let failure =
            answer(&AnswerBody::Edit { entries: "spdadd any any".to_owned(), by: None, propose: false, note: None })
                .unwrap_err();
        assert_eq!(failure.code, "bad-policy-text");
    }

    #[test]
    fn fingerprints_and_files_are_checked() {
        assert!(fingerprint(&"0a".repeat(32)).is_ok());
        assert_eq!(fingerprint("0a").unwrap_err().subject, "accept-key");
        assert_eq!(file("/a.wav", "play").unwrap(), PathBuf::from("/a.wav"));
        assert_eq!(file("a.wav", "play").unwrap_err().subject, "play");
    }
}
