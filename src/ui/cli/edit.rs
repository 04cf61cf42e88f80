//! Editing any field of the proposed entries, one at a time, until the user is content.

use unicode_width::UnicodeWidthStr;

use super::keyboard::{line, Left};
use super::output::Output;
use super::screen::table::grid;
use super::screen::{wrap, Page};
use crate::app::control::view::{EntryView, ReviewView};
use crate::app::control::{is_policy, suites};

/// The fields of FIG. 8 that can be changed, as the user names them.
const FIELDS: [&str; 14] = [
    "source",
    "source-ports",
    "destination",
    "destination-ports",
    "protocol",
    "action",
    "ah",
    "ah-mode",
    "esp",
    "esp-mode",
    "ipcomp",
    "ipcomp-mode",
    "suites",
    "tfc",
];
/// Inside out, as setkey lists them.
const PROTOCOLS: [&str; 3] = ["ipcomp", "esp", "ah"];

/// The proposed entries with the user's changes; empty until he made any. They outlive an `ok` that was refused.
#[derive(Default)]
pub struct Drafts(Vec<Draft>);

impl Drafts {
    pub fn are_kept(&self) -> bool {
        !self.0.is_empty()
    }
}

/// The drafts as `spdadd` lines; `None` when the user goes back, which lets his changes go.
pub async fn entries(output: Output, review: &ReviewView, kept: &mut Drafts) -> Result<Option<String>, Left> {
    if !kept.are_kept() {
        kept.0 = drafts(&review.proposed);
    }
    loop {
        output.lines(&shown(&kept.0, output.width()));
        output.lines(&wrap(HOW, output.width(), ""));
        let typed = line(output, "FIELD = VALUE, `ok` approves, empty goes back: ").await?;
        match typed.as_str() {
            "" => {
                kept.0.clear();
                return Ok(None);
            }
            "ok" => return Ok(Some(kept.0.iter().map(Draft::setkey).collect::<Vec<_>>().join("\n"))),
            change => {
                if let Err(why) = apply(&mut kept.0, change) {
                    wrap(&why, output.width(), "  ").iter().for_each(|line| output.say(line));
                }
            }
        }
    }
}

const HOW: &str =
    "Change a field in both directions, `esp = require`, or one way only, `in source-ports = 5000-5999`. \
    `suites = ?` says what a field can be.";

/// One entry while it is edited; every field is text until the agent reads it.
struct Draft {
    direction: String,
    /// Its place among those of its direction, from 1; 0 if it is the only one.
    number: usize,
    values: Vec<String>,
    /// As a setkey comment has it; not to be edited, and not to be lost.
    expires: Option<String>,
}

fn drafts(entries: &[EntryView]) -> Vec<Draft> {
    let same = |entry: &EntryView, other: &&EntryView| entry.direction == other.direction;
    let number = |at: usize, entry: &EntryView| {
        let alone = entries.iter().filter(|other| same(entry, other)).count() == 1;
        if alone {
            0
        } else {
            entries.iter().take(at + 1).filter(|other| same(entry, other)).count()
        }
    };
    entries.iter().enumerate().map(|(at, entry)| Draft::new(entry, number(at, entry))).collect()
}

impl Draft {
    fn new(entry: &EntryView, number: usize) -> Self {
        let level = |protocol: &str| {
            let rule = entry.rules.iter().find(|rule| rule.protocol == protocol);
            rule.map_or("-".to_owned(), |rule| rule.level.clone())
        };
        let mode = |protocol: &str| {
            let rule = entry.rules.iter().find(|rule| rule.protocol == protocol);
            let ends = rule.and_then(|rule| rule.endpoint.as_ref());
            ends.map_or("transport".to_owned(), |ends| format!("tunnel {}-{}", ends.source, ends.destination))
        };
        let tfc = entry.tfc.map_or("-", |tfc| if tfc { "on" } else { "off" });
        let values = vec![
            entry.source.clone(),
            entry.source_ports.clone(),
            entry.destination.clone(),
            entry.destination_ports.clone(),
            entry.upper.clone(),
            entry.action.clone(),
            level("ah"),
            mode("ah"),
            level("esp"),
            mode("esp"),
            level("ipcomp"),
            mode("ipcomp"),
            entry.suites.join(","),
            tfc.to_owned(),
        ];
        let expires = entry.setkey.split_whitespace().find(|word| word.starts_with("expires="));
        Self { direction: entry.direction.clone(), number, values, expires: expires.map(str::to_owned) }
    }

    fn name(&self) -> String {
        match self.number {
            0 => self.direction.clone(),
            number => format!("{} {number}", self.direction),
        }
    }

    fn value(&self, field: &str) -> &str {
        FIELDS.iter().position(|known| *known == field).and_then(|at| self.values.get(at)).map_or("", String::as_str)
    }

    /// A level that is set makes the action ipsec; the last one taken away makes it none.
    fn set(&mut self, field: &str, value: &str) {
        let Some(at) = FIELDS.iter().position(|known| *known == field) else { return };
        if let Some(slot) = self.values.get_mut(at) {
            *slot = value.to_owned();
        }
        if field == "ah" || field == "esp" {
            let protected = self.value("ah") != "-" || self.value("esp") != "-";
            self.set("action", if protected { "ipsec" } else { "none" });
        }
    }

    /// `tunnel` alone is between the two ends of this very entry.
    fn set_mode(&mut self, field: &str, value: &str, mirrored: bool) {
        let host = |end: &str| end.split('/').next().unwrap_or_default().to_owned();
        let value = match value.strip_prefix("tunnel").map(str::trim) {
            None => value.to_owned(),
            Some("") => format!("tunnel {}-{}", host(self.value("source")), host(self.value("destination"))),
            Some(ends) if !mirrored => format!("tunnel {ends}"),
            Some(ends) => {
                let (source, destination) = ends.split_once('-').unwrap_or((ends, ""));
                format!("tunnel {destination}-{source}")
            }
        };
        self.set(field, &value);
    }

    /// The mode of one protocol, and a tunnel's ends.
    fn mode(&self, protocol: &str) -> (&str, &str) {
        let value = self.value(&format!("{protocol}-mode"));
        value.split_once(' ').unwrap_or((value, ""))
    }

    fn setkey(&self) -> String {
        let rules: String = PROTOCOLS
            .iter()
            .filter(|protocol| self.value("action") == "ipsec" && self.value(protocol) != "-")
            .map(|protocol| {
                let (mode, ends) = self.mode(protocol);
                format!(" {protocol}/{mode}/{ends}/{}", self.value(protocol))
            })
            .collect();
        let suites = Some(self.value("suites")).filter(|suites| !suites.is_empty());
        let tfc = Some(self.value("tfc")).filter(|tfc| *tfc != "-");
        let more = [
            suites.map(|suites| format!(" suites={suites}")),
            tfc.map(|tfc| format!(" tfc={tfc}")),
            self.expires.as_ref().map(|e| format!(" {e}")),
        ];
        let more: String = more.into_iter().flatten().collect();
        let comment = if more.is_empty() { String::new() } else { format!(" # sv:{more}") };
        format!(
            "spdadd {}[{}] {}[{}] {} -P {} {}{rules};{comment}",
            self.value("source"),
            self.value("source-ports"),
            self.value("destination"),
            self.value("destination-ports"),
            self.value("protocol"),
            self.direction,
            self.value("action"),
        )
    }
}

/// One column an entry; where the terminal is too narrow for that, one page an entry.
fn shown(drafts: &[Draft], width: usize) -> Vec<String> {
    let names: Vec<String> = drafts.iter().map(Draft::name).collect();
    let head = std::iter::once("field").chain(names.iter().map(String::as_str)).collect();
    let row = |field: &'static str| std::iter::once(field).chain(drafts.iter().map(move |d| d.value(field))).collect();
    let rows: Vec<Vec<&str>> = std::iter::once(head).chain(FIELDS.into_iter().map(row)).collect();
    let lines = grid(&rows);
    if lines.iter().all(|line| line.width() <= width) {
        return lines;
    }
    let mut page = Page::new(width, "destination-ports".len());
    for (draft, name) in drafts.iter().zip(&names) {
        page.heading(name);
        FIELDS.into_iter().for_each(|field| {
            page.field(field, draft.value(field));
        });
    }
    page.lines()
}

/// Which entries are meant, and which of their fields: `[in|out] [NUMBER] FIELD`.
struct Meant<'a> {
    direction: Option<&'a str>,
    number: Option<usize>,
    field: &'a str,
}

impl<'a> Meant<'a> {
    fn read(text: &'a str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (direction, rest) = match words[..] {
            [direction @ ("in" | "out"), ref rest @ ..] => (Some(direction), rest),
            ref all => (None, all),
        };
        let (number, field) = match *rest {
            [field] => (None, field),
            [number, field] if number.parse::<usize>().is_ok() => (number.parse().ok(), field),
            _ => return Err(format!("write it as FIELD = VALUE, or one way only as `in {} = VALUE`", FIELDS[0])),
        };
        match FIELDS.contains(&field) {
            true => Ok(Self { direction, number, field }),
            false => Err(format!("the fields are {}", FIELDS.join(", "))),
        }
    }

    fn is(&self, draft: &Draft) -> bool {
        self.direction.is_none_or(|direction| draft.direction == direction)
            && self.number.is_none_or(|number| draft.number.max(1) == number)
    }
}

/// `[in|out] [NUMBER] FIELD = VALUE`; without a direction both are changed, ends swapped.
fn apply(drafts: &mut [Draft], change: &str) -> Result<(), String> {
    let (name, value) = change.split_once('=').ok_or("write it as FIELD = VALUE")?;
    let meant = Meant::read(name)?;
    let field = meant.field;
    let value = read(field, value.trim())?;
    let mut found = drafts.iter_mut().filter(|draft| meant.is(draft)).peekable();
    if found.peek().is_none() {
        return Err("there is no such entry".into());
    }
    for draft in found {
        let mirrored = meant.direction.is_none() && draft.direction == "in";
        match field.ends_with("-mode") {
            true => draft.set_mode(field, &value, mirrored),
            false => draft.set(if mirrored { mirror(field) } else { field }, &value),
        }
    }
    Ok(())
}

/// A field's value as an entry has it, or what it can be.
fn read(field: &str, typed: &str) -> Result<String, String> {
    let value = match field {
        "suites" if typed == "-" => String::new(),
        "suites" => typed.split_whitespace().collect(),
        _ => typed.to_owned(),
    };
    match fits(field, &value) {
        true => Ok(value),
        false => Err(format!("{field} is {}", choices(field))),
    }
}

/// Whether an entry can have this value, by itself.
fn fits(field: &str, value: &str) -> bool {
    if let Some(words) = words_of(field) {
        return words.contains(&value);
    }
    if value.is_empty() {
        return field == "suites";
    }
    if field.ends_with("-mode") {
        return match value.strip_prefix("tunnel").map(str::trim) {
            None => value == "transport",
            Some("") => true,
            Some(ends) => {
                !ends.contains(|c: char| c.is_whitespace() || "/[];#=".contains(c))
                    && is_policy(&format!("spdadd any any udp -P out ipsec esp/tunnel/{ends}/require;"))
            }
        };
    }
    let plain = !value.contains(|c: char| c.is_whitespace() || "[];#=".contains(c));
    let line = match field {
        "suites" => format!("spdadd any any udp -P out none; # sv: suites={value}"),
        "source" | "destination" => format!("spdadd {value}[any] any udp -P out none;"),
        _ => format!("spdadd any[{value}] any udp -P out none;"),
    };
    plain && is_policy(&line)
}

fn choices(field: &str) -> String {
    match field {
        "suites" => format!("one or more of {}, the best first, or - for every suite", suites().join(",")),
        "source" | "destination" => "an IP address, a network as 192.168.1.0/24, or any".to_owned(),
        field if field.ends_with("-mode") => {
            "transport, tunnel for one between source and destination, or tunnel 192.0.2.1-192.0.2.2".to_owned()
        }
        "source-ports" | "destination-ports" => "a port, ports as 5000-5999, or any".to_owned(),
        field => format!("one of {}", words_of(field).unwrap_or_default().join(", ")),
    }
}

/// All that a field can be; `None` when it is no matter of words.
fn words_of(field: &str) -> Option<&'static [&'static str]> {
    match field {
        "action" => Some(&["discard", "none", "ipsec"]),
        "tfc" => Some(&["-", "on", "off"]),
        "ah" | "esp" | "ipcomp" => Some(&["-", "default", "use", "require", "unique"]),
        "protocol" => Some(&["tcp", "udp", "any"]),
        _ => None,
    }
}

fn mirror(field: &str) -> &str {
    match field {
        "source" => "destination",
        "destination" => "source",
        "source-ports" => "destination-ports",
        "destination-ports" => "source-ports",
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(direction: &str) -> Draft {
        let ends = match direction {
            "in" => ["192.168.1.2/32", "any", "192.168.1.1/32", "any"],
            _ => ["192.168.1.1/32", "any", "192.168.1.2/32", "any"],
        };
        let rules = ["udp", "none", "-", "transport", "-", "transport", "-", "transport", "", "-"];
        let values = ends.iter().chain(&rules);
        Draft {
            direction: direction.into(),
            number: 0,
            values: values.map(|value| (*value).to_owned()).collect(),
            expires: None,
        }
    }

    #[test]
    fn a_level_makes_it_ipsec_in_both_directions() {
        let mut drafts = [draft("out"), draft("in")];
        apply(&mut drafts, "esp = require").unwrap();
        apply(&mut drafts, "out source-ports=5000-5001").unwrap();
        assert_eq!(
            drafts[0].setkey(),
            "spdadd 192.168.1.1/32[5000-5001] 192.168.1.2/32[any] udp -P out ipsec esp/transport//require;"
        );
        assert!(drafts[1].setkey().ends_with("-P in ipsec esp/transport//require;"));
        apply(&mut drafts, "esp = -").unwrap();
        assert!(drafts[1].setkey().ends_with("-P in none;"));
    }

    #[test]
    fn a_tunnel_is_between_the_two_ends_and_turns_round_on_the_way_back() {
        let mut drafts = [draft("out"), draft("in")];
        apply(&mut drafts, "esp = require").unwrap();
        apply(&mut drafts, "esp-mode = tunnel").unwrap();
        let rules = |draft: &Draft| draft.setkey().split_once(" ipsec ").unwrap().1.to_owned();
        assert_eq!(rules(&drafts[0]), "esp/tunnel/192.168.1.1-192.168.1.2/require;");
        assert_eq!(rules(&drafts[1]), "esp/tunnel/192.168.1.2-192.168.1.1/require;");
        apply(&mut drafts, "esp-mode = tunnel 192.0.2.1-192.0.2.2").unwrap();
        assert_eq!(rules(&drafts[1]), "esp/tunnel/192.0.2.2-192.0.2.1/require;");
        apply(&mut drafts, "esp-mode = transport").unwrap();
        apply(&mut drafts, "ipcomp = use").unwrap();
        assert_eq!(rules(&drafts[1]), "ipcomp/transport//use esp/transport//require;");
        apply(&mut drafts, "ipcomp = -").unwrap();
        apply(&mut drafts, "out tfc = on").unwrap();
        assert!(drafts[0].setkey().ends_with("; # sv: tfc=on") && !drafts[1].setkey().contains("tfc"));
        for (wrong, said) in [
            ("esp-mode = beet", "between source and destination"),
            ("esp-mode = tunnel 1-2", "192.0.2.1"),
            ("tfc = maybe", "on, off"),
        ] {
            assert!(apply(&mut drafts, wrong).unwrap_err().contains(said), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_field_is_said() {
        assert!(apply(&mut [draft("out")], "esp require").is_err());
        assert!(apply(&mut [draft("out")], "colour = red").unwrap_err().contains("source-ports"));
        let mut unchanged = [draft("out")];
        assert!(apply(&mut unchanged, "esp = maybe").unwrap_err().contains("require"));
        assert!(unchanged[0].setkey().ends_with("-P out none;"));
    }

    #[test]
    fn a_value_is_judged_as_it_is_typed() {
        let mut drafts = [draft("out"), draft("in")];
        let every = "chacha20-poly1305,aes-256-gcm,aes-128-gcm";
        for (wrong, said) in [
            ("suites = foo", every),
            ("suites = aes-128-gcm,aes-128-gcm", every),
            ("suites = ?", every),
            ("source = 192.168.1.1/33", "192.168.1.0/24"),
            ("destination = any any udp -P out none; spdadd any", "192.168.1.0/24"),
            ("source-ports = 5001-5000", "5000-5999"),
            ("in destination-ports = ", "5000-5999"),
            ("protocol = ?", "tcp, udp, any"),
        ] {
            let why = apply(&mut drafts, wrong).unwrap_err();
            assert!(why.contains(said), "{wrong}: {why}");
        }
        assert_eq!(drafts[0].setkey(), draft("out").setkey());
        apply(&mut drafts, "suites = aes-256-gcm, aes-128-gcm").unwrap();
        assert!(drafts[1].setkey().ends_with("# sv: suites=aes-256-gcm,aes-128-gcm"));
        apply(&mut drafts, "suites = -").unwrap();
        apply(&mut drafts, "source = 2001:db8::/32").unwrap();
        assert!(drafts[1].setkey().ends_with(" 2001:db8::/32[any] udp -P in none;"), "{}", drafts[1].setkey());
    }

    #[test]
    fn of_several_entries_one_can_be_meant() {
        let numbered = |direction, number| Draft { number, ..draft(direction) };
        let mut drafts = [numbered("out", 1), numbered("out", 2), numbered("in", 1), numbered("in", 2)];
        apply(&mut drafts, "out 2 esp = require").unwrap();
        apply(&mut drafts, "1 ah = use").unwrap();
        let actions: Vec<(&str, &str)> = drafts.iter().map(|draft| (draft.value("ah"), draft.value("esp"))).collect();
        assert_eq!(actions, [("use", "-"), ("-", "require"), ("use", "-"), ("-", "-")]);
        for wrong in ["3 esp = use", "out 3 esp = use", "out two esp = use"] {
            assert!(apply(&mut drafts, wrong).is_err(), "{wrong}");
        }
        apply(&mut [draft("out")], "out 1 esp = use").unwrap();
    }

    #[test]
    fn an_expiry_is_kept() {
        let lapsing = Draft { expires: Some("expires=1795376330".into()), ..draft("out") };
        assert!(lapsing.setkey().ends_with("-P out none; # sv: expires=1795376330"));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let drafts = [draft("out"), draft("in")];
        assert_eq!(shown(&drafts, 80).len(), 1 + FIELDS.len());
        for width in 40..120 {
            assert!(shown(&drafts, width).iter().all(|line| line.width() <= width), "{width}");
        }
    }
}
