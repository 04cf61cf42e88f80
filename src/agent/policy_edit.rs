//! An entry is edited by text. What the text does not name stays as it was: an edit loses no restriction in passing.

use super::policy_change::{told, Told};
use super::{Accepted, Agent};
use crate::policy::setkey::{self, Line};
use crate::policy::{Direction, Entry, Origin, PeerScope};
use crate::vocab::{EntryId, Failure, FailureKind, Now};

impl Agent {
    /// `text` in the place of an entry and its other direction: one `spdadd` line, which is mirrored, or one for each; or rules alone,
    /// for the same packets.
    pub(super) fn edit_policy(&mut self, now: Now, id: EntryId, text: &str) -> Result<Accepted, Failure> {
        let before = self.with_other_direction(id)?;
        let lines = lines(&before, text)?;
        let put = edited(&before, lines).map_err(|why| super::own_policy::unreadable(text, why))?;
        if put == before {
            return Ok(Accepted::Done);
        }
        self.refuse_another_peer(&before, &put)?;
        self.refuse_unknown_groups(&put)?;
        let detail = format!("by user: {} in the place of {}", told(&put), told(&before));
        self.change_policy(now, put, Vec::new(), false, Told { kind: "edited", subject: id.to_string(), detail })
            .map(Accepted::Storing)
            .map_err(super::disagreed::proposable)
    }

    /// What was approved for a device stays for it, or what it agreed to would be gone by a slip.
    fn refuse_another_peer(&self, before: &[Entry], put: &[Entry]) -> Result<(), Failure> {
        let Some(PeerScope { entity: Some(entity), device: Some(device), .. }) =
            before.first().map(|entry| &entry.peer)
        else {
            return Ok(());
        };
        let stays = before.iter().chain(put).all(|entry| before.iter().all(|other| other.peer == entry.peer));
        if stays || self.book.pin(entity, device).is_none() {
            return Ok(());
        }
        let message = format!("the entry is for the calls of {entity}, device {device}, and the new text is not");
        let next = "name no entity, device or group behind `# sv:`, which keeps them; `sottovoce policy remove` lets what was agreed go; \
            nothing was changed";
        Err(Failure::new(FailureKind::RefusedByPolicy, "another-peer", message, entity.as_str(), next))
    }
}

/// The text as lines; rules are for the packets that the entries are for, and turn round on the way back.
fn lines(before: &[Entry], text: &str) -> Result<Vec<Line>, Failure> {
    if text.trim().is_empty() || text.contains("spdadd") {
        return setkey::parse_lines(text).map_err(|why| super::own_policy::unreadable(text, &why.to_string()));
    }
    let rules = setkey::parse_action(text).map_err(|why| super::own_policy::no_rules(text, &why.to_string()))?;
    let line = |old: &Entry| {
        let action = if old.direction == Direction::In { rules.mirror() } else { rules.clone() };
        Line { entry: Entry::new(old.selector.clone(), old.direction, action), named: Default::default() }
    };
    Ok(before.iter().map(line).collect())
}

/// The new entries under the numbers of those that they replace.
fn edited(before: &[Entry], lines: Vec<Line>) -> Result<Vec<Entry>, &'static str> {
    let of = |direction| lines.iter().find(|line| line.entry.direction == direction).cloned();
    let count = |direction| lines.iter().filter(|line| line.entry.direction == direction).count();
    if lines.is_empty() {
        return Err("it holds no spdadd line; `sottovoce policy remove` removes an entry");
    }
    if count(Direction::Out) > 1 || count(Direction::In) > 1 {
        return Err("it holds more than one line for a direction");
    }
    let mut put = Vec::new();
    for direction in [Direction::Out, Direction::In] {
        let old = before.iter().find(|entry| entry.direction == direction);
        let mirrored = || {
            let line = lines.first().filter(|_| old.is_some())?;
            Some(Line { entry: line.entry.mirror(), named: line.named.clone() })
        };
        let (Some(line), Some(known)) = (of(direction).or_else(mirrored), old.or(before.first())) else { continue };
        put.push(Entry { id: old.map_or(EntryId(0), |old| old.id), origin: Origin::User, ..kept(known, line) });
    }
    // An entry that says what it said before keeps who said it.
    let same = put.len() == before.len()
        && put.iter().zip(before).all(|(new, old)| Entry { origin: old.origin, ..new.clone() } == *old);
    Ok(if same { before.to_vec() } else { put })
}

/// What only the store can say, and all that the line does not name: whose packets, how they are served, where, until when, and
/// whether at all. Only `policy enable` enables.
fn kept(old: &Entry, line: Line) -> Entry {
    let Line { entry: new, named } = line;
    let named = |key: &str| named.contains(key);
    let another = new.peer.entity.is_some() && new.peer.entity != old.peer.entity;
    Entry {
        created: old.created,
        peer: PeerScope {
            entity: new.peer.entity.or_else(|| old.peer.entity.clone()),
            // A device is of its entity.
            device: new.peer.device.or_else(|| old.peer.device.clone().filter(|_| !another)),
            group: new.peer.group.or_else(|| old.peer.group.clone()),
        },
        priority: if named("priority") { new.priority } else { old.priority },
        suites: if named("suites") { new.suites } else { old.suites.clone() },
        tfc: new.tfc.or(old.tfc),
        place: new.place.or(old.place),
        expires: new.expires.or(old.expires),
        disabled: new.disabled || old.disabled,
        note: new.note.or_else(|| old.note.clone()),
        ..new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<Entry> {
        setkey::parse(text).unwrap()
    }

    fn with(before: &[Entry], text: &str) -> Vec<Entry> {
        edited(before, lines(before, text).unwrap()).unwrap()
    }

    #[test]
    fn one_line_is_mirrored_and_numbers_age_and_other_directions_stay() {
        let before = parse(
            "spdadd any 10.0.0.1 udp -P out none; # sv: id=e3 origin=import created=7
             spdadd 10.0.0.1 any udp -P in none; # sv: id=e4 origin=import created=7",
        );
        let put = with(&before, "spdadd any 10.0.0.1 udp -P out discard; # sv: id=e9 created=1");
        let lines_: Vec<String> = put.iter().map(Entry::to_setkey).collect();
        assert_eq!(
            lines_,
            [
                "spdadd 0.0.0.0/0[any] 10.0.0.1/32[any] udp -P out discard; # sv: id=e3 created=7",
                "spdadd 10.0.0.1/32[any] 0.0.0.0/0[any] udp -P in discard; # sv: id=e4 created=7"
            ]
        );
        assert_eq!(with(&before, &setkey::write(&before)), before, "nothing new, nothing of the user's");
        let alone = with(&before[..1], "spdadd any 10.0.0.2 udp -P out none;");
        assert_eq!(alone.len(), 1, "an entry without its other direction stays alone");
        assert!(edited(&before, Vec::new()).is_err());
        let two = lines(&before, "spdadd any any any -P in none; spdadd any any udp -P in none;").unwrap();
        assert!(edited(&before, two).is_err());
    }

    /// Whatever an entry is bound to, a plain line leaves it bound to.
    #[test]
    fn an_edit_keeps_every_restriction_that_it_does_not_name() {
        for (kept, another) in [
            ("entity=sip:bob@h device=d1", "entity=sip:eve@h"),
            ("group=friend", "group=family"),
            ("priority=5", "priority=0"),
            ("suites=aes-256-gcm", "suites=aes-128-gcm"),
            ("tfc=on", "tfc=off"),
            ("place=private/private", "place=private/public"),
            ("expires=9", "expires=10"),
            ("disabled", ""),
            ("note=mine", "note=yours"),
        ] {
            let before = parse(&format!(
                "spdadd any 10.0.0.1 udp -P out none; # sv: id=e3 {kept}
                 spdadd 10.0.0.1 any udp -P in none; # sv: id=e4 {kept}",
            ));
            let plain = "spdadd any 10.0.0.1 udp -P out discard;";
            let rest = |entry: &Entry| entry.to_setkey().split_once("; # sv: ").map(|(_, rest)| rest.to_owned());
            for text in [plain, "discard"] {
                let put = with(&before, text);
                assert!(put.iter().map(rest).eq(before.iter().map(rest)), "{kept}: {put:?}");
                assert!(put.iter().all(|entry| entry.action == crate::policy::Action::Discard));
            }
            if !another.is_empty() {
                let put = with(&before, &format!("{plain} # sv: {another}"));
                let expected = parse(&format!("{plain} # sv: id=e3 {another}"));
                assert_eq!(put[0], expected[0], "{kept}");
                assert_eq!(rest(&put[1]), rest(&Entry { id: EntryId(4), ..expected[0].clone() }), "{kept}");
            }
        }
    }

    #[test]
    fn rules_alone_are_for_the_same_packets_and_turn_round_on_the_way_back() {
        let before = parse(
            "spdadd 10.0.0.9 10.0.0.1[5000-5999] udp -P out none;
             spdadd 10.0.0.1[5000-5999] 10.0.0.9 udp -P in none;",
        );
        let put = with(&before, "ipsec esp/tunnel/10.0.0.9-10.0.0.1/require");
        let actions: Vec<String> = put.iter().map(|entry| entry.action.to_string()).collect();
        assert_eq!(
            actions,
            ["ipsec esp/tunnel/10.0.0.9-10.0.0.1/require", "ipsec esp/tunnel/10.0.0.1-10.0.0.9/require"]
        );
        assert!(put.iter().zip(&before).all(|(new, old)| new.selector == old.selector));
        let alone = with(&before[1..], "discard");
        assert!(alone.len() == 1 && alone[0].direction == Direction::In);
        assert_eq!(lines(&before, "esp").unwrap_err().code, "policy-text-unreadable");
    }
}
