use std::time::Duration;

use super::document::{Section, Value};
use crate::agent::Prompts;
use crate::vocab::Failure;

/// How the user is asked, and when not.
pub(super) fn prompts(top: &Section<'_, '_>) -> Result<Prompts, Failure> {
    let mut prompts = Prompts::default();
    if let Some(section) = top.section("prompts", &["review-limit", "watcher-limit"])? {
        for (key, limit) in [("review-limit", &mut prompts.review_limit), ("watcher-limit", &mut prompts.watcher_limit)]
        {
            if let Some(seconds) = section.read(key, seconds)? {
                *limit = seconds;
            }
        }
    }
    Ok(prompts)
}

fn seconds(value: &Value<'_, '_>) -> Result<Duration, Failure> {
    value.number(10..=604_800, "seconds").map(Duration::from_secs)
}
