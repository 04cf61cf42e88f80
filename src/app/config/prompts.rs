use std::time::Duration;

use jiff::tz::TimeZone;

use super::document::{Section, Value};
use super::{value, Machine};
use crate::agent::{Answering, CallWaiting, Prompts};
use crate::policy::{setkey, ApprovalRule, QuietHours, Relation, Scope};
use crate::vocab::Failure;

/// How the user is asked, when not, and what is approved without him.
pub(super) fn prompts(top: &Section<'_, '_>, machine: &Machine<'_>) -> Result<Prompts, Failure> {
    let mut prompts = Prompts::default();
    if let Some(section) = top.section("prompts", &["review-limit", "watcher-limit"])? {
        for (key, limit) in [("review-limit", &mut prompts.review_limit), ("watcher-limit", &mut prompts.watcher_limit)]
        {
            if let Some(seconds) = section.read(key, seconds)? {
                *limit = seconds;
            }
        }
    }
    let quiet = top.section("quiet", &["from", "to", "zone"])?;
    prompts.quiet = quiet.map(|section| quiet_hours(&section, machine)).transpose()?;
    let keys = ["name", "groups", "relations", "ours", "theirs", "least", "new-keys"];
    let rules = top.sections("approve", &keys)?;
    prompts.approvals =
        rules.iter().enumerate().map(|(at, section)| approval(at + 1, section)).collect::<Result<_, _>>()?;
    Ok(prompts)
}

/// What becomes of calls that come, besides the mode.
pub(super) fn answering(section: &Section<'_, '_>) -> Result<Answering, Failure> {
    let waiting = |word: &str| match word {
        "busy" => Some(CallWaiting::Busy),
        "ring" => Some(CallWaiting::Ring),
        _ => None,
    };
    let name = |text: &str| Some(text.to_owned());
    Ok(Answering {
        waiting: section.read("waiting", |v| v.text("\"ring\" or \"busy\"", waiting))?.unwrap_or_default(),
        groups: section.read("auto-groups", |v| words(v, "[\"family\"]", name))?.unwrap_or_default(),
        contacts: section.read("auto-contacts", |v| words(v, "[\"Bob\"]", name))?.unwrap_or_default(),
    })
}

fn seconds(value: &Value<'_, '_>) -> Result<Duration, Failure> {
    value.number(10..=604_800, "seconds").map(Duration::from_secs)
}

fn quiet_hours(section: &Section<'_, '_>, machine: &Machine<'_>) -> Result<QuietHours, Failure> {
    let time = |key: &str| section.read(key, |v| v.text("a time of the day, \"22:00\"", minute_of_day));
    let (Some(from), Some(to)) = (time("from")?, time("to")?) else {
        return Err(
            section.refuse("quiet hours have a beginning and an end", "both from = \"22:00\" and to = \"07:00\"")
        );
    };
    if from == to {
        return Err(section.refuse("quiet hours end when they begin", "two different times, or leave [quiet] out"));
    }
    let expected = "\"local\", an offset as \"+02:00\", or a name of the zone files, as \"Europe/Berlin\"";
    let zone = section.read("zone", |v| v.text(expected, |text| zone(text, machine)))?;
    let local = || super::zone::local(machine).unwrap_or(TimeZone::UTC);
    Ok(QuietHours { from, to, zone: zone.unwrap_or_else(local) })
}

/// Minutes after midnight.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| part.parse::<u16>().ok().filter(|_| part.len() == 2);
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

fn zone(text: &str, machine: &Machine<'_>) -> Option<TimeZone> {
    match text {
        "local" => super::zone::local(machine),
        "UTC" => Some(TimeZone::UTC),
        _ => super::zone::offset(text).or_else(|| super::zone::named(text, machine)),
    }
}

fn approval(number: usize, section: &Section<'_, '_>) -> Result<ApprovalRule, Failure> {
    let least = section.read("least", |v| {
        v.text("the least that is approved, \"ipsec esp/transport//require\"", |text| setkey::parse_action(text).ok())
    })?;
    let Some(least) = least else {
        return Err(
            section.refuse("this rule does not say what it approves", "least = \"ipsec esp/transport//require\"")
        );
    };
    let name = section.read("name", |v| v.text("a name of 1 to 128 octets", value::name))?;
    let rule = ApprovalRule {
        name: name.unwrap_or_else(|| format!("rule {number}")),
        groups: section.read("groups", |v| words(v, "[\"family\"]", |text| Some(text.to_owned())))?.unwrap_or_default(),
        relations: section
            .read("relations", |v| words(v, "[\"own\", \"family\"]", Relation::from_name))?
            .unwrap_or_default(),
        ours: section.read("ours", |v| words(v, "[\"private\"]", Scope::from_name))?.unwrap_or_default(),
        theirs: section
            .read("theirs", |v| words(v, "[\"private\", \"public\"]", Scope::from_name))?
            .unwrap_or_default(),
        least,
        new_keys: section.read("new-keys", Value::flag)?.unwrap_or(false),
    };
    section.read("new-keys", |v| can_fire(&rule, v))?;
    Ok(rule)
}

/// Before its key is pinned a peer has no group, and its relation is unknown.
fn can_fire(rule: &ApprovalRule, new_keys: &Value<'_, '_>) -> Result<(), Failure> {
    let everybody = rule.groups.is_empty() && rule.relations.is_empty();
    if !rule.new_keys || everybody || rule.relations.contains(&Relation::Unknown) {
        return Ok(());
    }
    let what = "a key never seen before proves no contact of yours, so these groups and relations never fit it";
    Err(new_keys
        .refuse_because(what, "relations = [\"unknown\"] too, or new-keys = false, or leave groups and relations out"))
}

/// A list of words. An empty one would speak of everybody where nobody was named.
fn words<T>(value: &Value<'_, '_>, example: &str, read: fn(&str) -> Option<T>) -> Result<Vec<T>, Failure> {
    let items = value.items(example)?;
    if items.is_empty() {
        return Err(value.refuse_because("an empty list names nothing", &format!("{example}, or leave it out")));
    }
    items.iter().map(|item| item.text(example, read)).collect()
}
