//! Editing any field of the proposed entries, one at a time, until the user is content.

use super::output::Output;
use super::prompt::{line, Left};
use super::screen::table::table;
use crate::app::control::view::{EntryView, ReviewView};

/// The fields of FIG. 8 that can be changed, as the user names them.
const FIELDS: [&str; 9] =
    ["source", "source-ports", "destination", "destination-ports", "protocol", "action", "ah", "esp", "suites"];

/// The proposed entries with the user's changes, as `spdadd` lines; `None` when the user goes back.
pub async fn entries(output: Output, review: &ReviewView) -> Result<Option<String>, Left> {
    let mut drafts: Vec<Draft> = review.proposed.iter().map(Draft::new).collect();
    loop {
        show(output, &drafts);
        output.line("Change a field: `esp = require`, or one way only: `in source-ports = 5000-5999`.");
        let typed = line("FIELD = VALUE, `ok` approves, empty goes back: ").await?;
        match typed.as_str() {
            "" => return Ok(None),
            "ok" => return Ok(Some(drafts.iter().map(Draft::setkey).collect::<Vec<_>>().join("\n"))),
            change => {
                if let Err(why) = apply(&mut drafts, change) {
                    output.say(&why);
                }
            }
        }
    }
}

/// One entry while it is edited; every field is text until the agent reads it.
struct Draft {
    direction: String,
    values: Vec<String>,
}

impl Draft {
    fn new(entry: &EntryView) -> Self {
        let level = |protocol: &str| {
            let rule = entry.rules.iter().find(|rule| rule.protocol == protocol);
            rule.map_or("-".to_owned(), |rule| rule.level.clone())
        };
        let values = vec![
            entry.source.clone(),
            entry.source_ports.clone(),
            entry.destination.clone(),
            entry.destination_ports.clone(),
            entry.upper.clone(),
            entry.action.clone(),
            level("ah"),
            level("esp"),
            entry.suites.join(","),
        ];
        Self { direction: entry.direction.clone(), values }
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

    fn setkey(&self) -> String {
        let rules: String = ["esp", "ah"]
            .iter()
            .filter(|protocol| self.value("action") == "ipsec" && self.value(protocol) != "-")
            .map(|protocol| format!(" {protocol}/transport//{}", self.value(protocol)))
            .collect();
        let suites = match self.value("suites") {
            "" => String::new(),
            suites => format!(" # sv: suites={suites}"),
        };
        format!(
            "spdadd {}[{}] {}[{}] {} -P {} {}{rules};{suites}",
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

fn show(output: Output, drafts: &[Draft]) {
    let rows: Vec<[String; 3]> = FIELDS
        .iter()
        .map(|field| {
            let value = |direction: &str| {
                drafts
                    .iter()
                    .find(|draft| draft.direction == direction)
                    .map_or("", |draft| draft.value(field))
                    .to_owned()
            };
            [(*field).to_owned(), value("out"), value("in")]
        })
        .collect();
    output.lines(&table(["field", "out", "in"], &rows));
}

/// `[in|out] FIELD = VALUE`; without a direction both are changed, ends swapped.
fn apply(drafts: &mut [Draft], change: &str) -> Result<(), String> {
    let (name, value) = change.split_once('=').ok_or("write it as FIELD = VALUE")?;
    let words: Vec<&str> = name.split_whitespace().collect();
    let (direction, field) = match words[..] {
        [direction @ ("in" | "out"), field] => (Some(direction), field),
        [field] => (None, field),
        _ => return Err("write it as FIELD = VALUE, with in or out before it if only one direction is meant".into()),
    };
    if !FIELDS.contains(&field) {
        return Err(format!("the fields are {}", FIELDS.join(", ")));
    }
    let value = value.trim();
    if let Some(words) = words_of(field).filter(|words| !words.contains(&value)) {
        return Err(format!("{field} is one of {}", words.join(", ")));
    }
    for draft in drafts.iter_mut().filter(|draft| direction.is_none_or(|direction| draft.direction == direction)) {
        let mirrored = direction.is_none() && draft.direction == "in";
        draft.set(if mirrored { mirror(field) } else { field }, value);
    }
    Ok(())
}

/// All that a field can be; `None` when the agent has to read it.
fn words_of(field: &str) -> Option<&'static [&'static str]> {
    match field {
        "action" => Some(&["discard", "none", "ipsec"]),
        "ah" | "esp" => Some(&["-", "default", "use", "require", "unique"]),
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
        let values = ["192.168.1.1/32", "any", "192.168.1.2/32", "any", "udp", "none", "-", "-", ""];
        Draft { direction: direction.into(), values: values.map(str::to_owned).to_vec() }
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
    fn what_is_no_field_is_said() {
        assert!(apply(&mut [draft("out")], "esp require").is_err());
        assert!(apply(&mut [draft("out")], "colour = red").unwrap_err().contains("source-ports"));
        let mut unchanged = [draft("out")];
        assert!(apply(&mut unchanged, "esp = maybe").unwrap_err().contains("require"));
        assert!(unchanged[0].setkey().ends_with("-P out none;"));
    }
}
