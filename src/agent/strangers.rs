use std::collections::BTreeMap;
use std::time::Duration;

use super::desk::audit_row;
use super::Agent;
use crate::vocab::{Failure, Mono, Now};

/// Audit rows of one kind that strangers may cause in a day: the table is never shortened, and strangers come as often as they like.
const ROWS: u32 = 1000;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The audit rows that strangers caused, by their kind: those who call much cannot hide that a key has changed.
pub type StrangersRows = BTreeMap<&'static str, Day>;

/// Counts rows since the first one, or since the first one that was a day after that.
#[derive(Default)]
pub struct Day {
    since: Mono,
    written: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Write,
    /// The first of those that are not written.
    TooMany,
    Omit,
}

impl Day {
    fn next(&mut self, now: Mono) -> Row {
        if self.written == 0 || now - self.since >= DAY {
            *self = Self { since: now, written: 0 };
        }
        self.written = self.written.saturating_add(1);
        match self.written {
            1..=ROWS => Row::Write,
            n if n == ROWS + 1 => Row::TooMany,
            _ => Row::Omit,
        }
    }
}

impl Agent {
    /// A row that somebody caused whose keys nobody approved.
    pub(super) fn audit_stranger(&mut self, now: Now, kind: &'static str, subject: &str, detail: &str) {
        match self.strangers_rows.entry(kind).or_default().next(now.mono) {
            Row::Write => return self.keep_for_stranger(audit_row(now, kind, subject, detail)),
            Row::TooMany => {
                let detail =
                    format!("more than {ROWS} rows `{kind}` in a day; the rest of this day's are counted only");
                self.audit(now, "strangers", "strangers", &detail);
            }
            Row::Omit => {}
        }
        self.count("strangers_rows_omitted");
    }

    /// The user is told of it now, and finds it in the audit table later.
    pub(super) fn audit_notice(&mut self, now: Now, notice: &Failure) {
        self.audit_stranger(now, notice.code, &notice.subject, &notice.message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_so_many_rows_and_one_that_says_so() {
        let mut rows = Day::default();
        let start = Mono(Duration::from_secs(77));
        let day: Vec<Row> = (0..ROWS + 9).map(|n| rows.next(start + Duration::from_secs(u64::from(n)))).collect();
        let count = |wanted: Row| day.iter().filter(|row| **row == wanted).count();
        assert_eq!((count(Row::Write), count(Row::TooMany), count(Row::Omit)), (ROWS as usize, 1, 8));
        assert_eq!(day[ROWS as usize], Row::TooMany);
        assert_eq!(rows.next(start + (DAY - Duration::from_millis(1))), Row::Omit);
        assert_eq!(rows.next(start + DAY), Row::Write);
    }
}
