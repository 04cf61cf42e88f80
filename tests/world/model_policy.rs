//! The policy database against a dull model of it: a list of entries, and of what each change found. Random edits, disables,
//! ends, removals, undos, imports, reviews, approvals and restarts of a whole agent with a real store.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use sottovoce::agent::{Accepted, AskState, Command, Event};
use sottovoce::policy::{both_directions, setkey, Direction, Entry, Flow, Guarantee, Level, Origin, PeerScope, Upper};
use sottovoce::vocab::{Device, Entity, EntryId, Failure, Wall};

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
const ESP: &str = "ipsec esp/transport//require";

/// What is done; `usize` chooses among the entries that there are.
#[derive(Clone, Debug)]
enum Step {
    Add(String),
    Ask,
    Default(String),
    DefaultRemove,
    Disable(usize),
    Edit(usize, String),
    Enable(usize),
    Expire(usize, Option<u64>),
    Import(String),
    Pass(u64),
    Remove(usize),
    Restart,
    Undo,
}

/// Entries for everybody, or for the calls of the one peer; few of them, so that they meet and are the same.
fn line() -> impl Strategy<Value = String> {
    let ends = prop::sample::select(vec!["any any", "any 192.168.1.2", "192.168.1.1 192.168.1.0/24[5000-5999]"]);
    let action = prop::sample::select(vec![
        "discard",
        "none",
        ESP,
        "ipsec ah/transport//require",
        "ipsec esp/transport//require ah/transport//require",
        "ipsec esp/transport//use",
    ]);
    let whose = prop::sample::select(vec![
        "",
        " # sv: priority=1",
        " # sv: entity=sip:bob@192.168.1.2",
        " # sv: entity=sip:bob@192.168.1.2 device=device-of-bob",
    ]);
    (ends, action, whose).prop_map(|(ends, action, whose)| format!("spdadd {ends} udp -P out {action};{whose}"))
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..6usize;
    prop_oneof![
        3 => line().prop_map(Step::Add),
        2 => Just(Step::Ask),
        1 => prop::sample::select(vec!["none", "discard", ESP]).prop_map(|action| Step::Default(action.to_owned())),
        1 => Just(Step::DefaultRemove),
        2 => which.clone().prop_map(Step::Disable),
        3 => (which.clone(), line()).prop_map(|(at, line)| Step::Edit(at, line)),
        2 => which.clone().prop_map(Step::Enable),
        2 => (which.clone(), prop::option::of(1..100u64)).prop_map(|(at, seconds)| Step::Expire(at, seconds)),
        1 => (line(), line()).prop_map(|(one, other)| Step::Import(format!("{one}\n{other}\n"))),
        1 => (1..60u64).prop_map(Step::Pass),
        2 => which.prop_map(Step::Remove),
        1 => Just(Step::Restart),
        4 => Just(Step::Undo),
    ]
}

/// What the database holds, as the rules of docs/policy.md say it.
#[derive(Clone, Default)]
struct Model {
    entries: BTreeMap<EntryId, Entry>,
    default: BTreeMap<EntryId, Entry>,
    last: u64,
    /// What Bob agreed to last, whatever was made of it since.
    agreed: Vec<Entry>,
    /// What each change found; `None`: nothing of that number.
    changes: Vec<(bool, BTreeMap<EntryId, Option<Entry>>)>,
}

impl Model {
    fn table(&mut self, default: bool) -> &mut BTreeMap<EntryId, Entry> {
        if default {
            &mut self.default
        } else {
            &mut self.entries
        }
    }

    /// Entries without a number get the next ones; `None` takes one away.
    fn change(&mut self, default: bool, gone: Vec<EntryId>, put: Vec<Entry>) {
        let mut found = BTreeMap::new();
        for id in gone {
            found.insert(id, self.table(default).remove(&id));
        }
        for mut entry in put {
            if entry.id == EntryId(0) {
                self.last += 1;
                entry.id = EntryId(self.last);
            }
            found.insert(entry.id, self.table(default).insert(entry.id, entry.clone()));
        }
        self.changes.push((default, found));
    }

    /// The state before the last change.
    fn undo(&mut self) -> bool {
        let Some((default, found)) = self.changes.last().cloned() else { return false };
        let gone = found.iter().filter(|(_, before)| before.is_none()).map(|(id, _)| *id).collect();
        let put = found.into_values().flatten().collect();
        self.change(default, gone, put);
        true
    }

    /// One of the entries, and its other direction when it has one; out first.
    fn pair(&self, at: usize) -> Vec<Entry> {
        let all: Vec<&Entry> = self.entries.values().collect();
        let Some(entry) = all.get(at % all.len().max(1)) else { return Vec::new() };
        let mut pair = vec![(*entry).clone()];
        let others = all.iter().filter(|other| other.is_other_direction_of(entry));
        let other = others.min_by_key(|other| (other.action != entry.action.mirror(), other.id));
        pair.extend(other.map(|other| (*other).clone()));
        pair.sort_by_key(|entry| entry.direction == Direction::In);
        pair
    }

    /// Those that are for the one peer's device, and in force.
    fn of_bob(&self, now: Wall) -> Vec<&Entry> {
        let scoped = |entry: &&Entry| entry.peer.device.is_some() && entry.in_force(now);
        self.entries.values().filter(scoped).collect()
    }
}

/// The rule of lookup, said once more: of all that match, none comes before.
fn rules<'a>(entries: impl Iterator<Item = &'a Entry>, flow: &Flow<'_>, now: Wall) -> Option<&'a Entry> {
    let width = |(first, last): (u16, u16)| last - first;
    let bits = |prefix: &sottovoce::policy::Prefix| match prefix {
        sottovoce::policy::Prefix::Any => 0i64,
        sottovoce::policy::Prefix::Net { len, .. } => i64::from(*len),
    };
    let place = |e: &&Entry| {
        let s = &e.selector;
        (
            (
                -i64::from(e.priority),
                e.peer.device.is_none(),
                e.peer.entity.is_none(),
                -bits(&s.source),
                -bits(&s.destination),
            ),
            (width(s.source_ports.bounds()), width(s.destination_ports.bounds()), s.upper == Upper::Any),
            (e.created, e.id),
        )
    };
    let matches = |e: &&Entry| {
        let peer = flow.peer.map(|(entity, device)| (Some(entity), Some(device))).unwrap_or_default();
        e.direction == flow.direction
            && e.in_force(now)
            && e.selector.matches(flow)
            && (e.peer.entity.is_none() || e.peer.entity.as_ref() == peer.0)
            && (e.peer.device.is_none() || e.peer.device.as_ref() == peer.1)
    };
    entries.filter(matches).min_by_key(place)
}

struct Run {
    world: World,
    alice: usize,
    model: Model,
}

impl Run {
    fn new() -> Self {
        let mut world = World::new(17, Link::GOOD);
        let alice = world.add_on_disk("alice", agent("alice", ALICE, "none"));
        world.add("bob", agent("bob", BOB, ESP));
        Self { world, alice, model: Model::default() }
    }

    /// A command, until what it changes is durable; `false`: there was nothing to change.
    fn command(&mut self, what: Command) -> Result<bool, Failure> {
        let effect = match self.world.command(self.alice, what)? {
            Accepted::Storing(effect) | Accepted::Registering { effect: Some(effect), .. } => effect,
            _ => return Ok(false),
        };
        let alice = self.alice;
        let settled = |event: &Event| match event {
            Event::StoreSettled { effect: of, result } if *of == effect => Some(result.clone()),
            _ => None,
        };
        let over = |world: &World| world.nodes[alice].events.iter().any(|event| settled(event).is_some());
        assert!(self.world.run_until(MINUTE, over));
        self.world.nodes[alice].events.iter().find_map(settled).unwrap().map(|()| true)
    }

    fn now(&self) -> Wall {
        self.world.now.wall
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Add(text) => self.add(&text, Origin::User),
            Step::Import(text) => self.add(&text, Origin::Import),
            Step::Ask => self.ask(),
            Step::Default(action) => {
                let text = format!("spdadd any any udp -P out {action};");
                let put = self.own(&text, Origin::User);
                if self.command(Command::PolicyDefault { text }).unwrap() {
                    let gone = self.model.default.keys().copied().collect();
                    self.model.change(true, gone, put);
                }
            }
            Step::DefaultRemove => {
                let gone: Vec<EntryId> = self.model.default.keys().copied().collect();
                let result = self.command(Command::PolicyDefaultRemove);
                assert_eq!(result.is_ok(), !gone.is_empty());
                if !gone.is_empty() {
                    self.model.change(true, gone, Vec::new());
                }
            }
            Step::Disable(at) => self.able(at, false),
            Step::Enable(at) => self.able(at, true),
            Step::Edit(at, text) => self.edit(at, text),
            Step::Expire(at, seconds) => {
                let at_ = seconds.map(|seconds| self.now().saturating_add(Duration::from_secs(seconds)));
                let put = self.model.pair(at).into_iter().map(|entry| Entry { expires: at_, ..entry }).collect();
                self.put(put, |entry| Command::PolicyExpire { entry, at: at_ });
            }
            Step::Pass(seconds) => self.world.run_for(Duration::from_secs(seconds)),
            Step::Remove(at) => {
                let pair = self.model.pair(at);
                let Some(first) = pair.first() else { return };
                let gone: Vec<EntryId> = pair.iter().map(|entry| entry.id).collect();
                let result = self.command(Command::PolicyRemove { entry: first.id });
                self.took(result, |model| model.change(false, gone, Vec::new()));
            }
            Step::Restart => self.world.restart(self.alice, agent("alice", ALICE, "none")),
            Step::Undo => {
                let plan = self.world.nodes[self.alice].restoring(None);
                assert_eq!(plan.is_ok(), !self.model.changes.is_empty());
                let Ok(plan) = plan else { return };
                let result = self.command(Command::PolicyRestore(plan));
                self.took(result, |model| assert!(model.undo()));
            }
        }
    }

    /// What our own entries are once they are registered, both directions.
    fn own(&self, text: &str, origin: Origin) -> Vec<Entry> {
        let own = |entry| Entry { id: EntryId(0), origin, created: self.now(), ..entry };
        both_directions(setkey::parse(text).unwrap()).into_iter().map(own).collect()
    }

    fn add(&mut self, text: &str, origin: Origin) {
        let mut put = self.own(text, origin);
        let mut there: Vec<String> = self.model.entries.values().map(Entry::rule_text).collect();
        put.retain(|entry| {
            let new = !there.contains(&entry.rule_text());
            there.push(entry.rule_text());
            new
        });
        let text = text.to_owned();
        let command = match origin {
            Origin::Import => Command::PolicyImport { text, part: false },
            _ => Command::PolicyAdd { text },
        };
        let result = self.command(command);
        if put.is_empty() {
            assert_eq!(result, Ok(false));
            return;
        }
        self.took(result, |model| model.change(false, Vec::new(), put));
    }

    fn able(&mut self, at: usize, enabled: bool) {
        let put = self.model.pair(at).into_iter().map(|entry| Entry { disabled: !enabled, ..entry }).collect();
        self.put(put, |entry| Command::PolicyEnable { entry, enabled });
    }

    fn edit(&mut self, at: usize, text: String) {
        let pair = self.model.pair(at);
        let line = setkey::parse(&text).unwrap().remove(0);
        let is_out = |entry: &Entry| entry.direction == Direction::Out;
        // What an entry is bound to is not lost because its rules were edited.
        let bound = |old: &Entry, said: Entry| Entry {
            id: old.id,
            created: old.created,
            place: old.place,
            peer: PeerScope {
                entity: said.peer.entity.clone().or(old.peer.entity.clone()),
                device: said.peer.device.clone().or(old.peer.device.clone()),
                group: None,
            },
            priority: if text.contains("priority=") { said.priority } else { old.priority },
            expires: old.expires,
            disabled: old.disabled,
            ..said
        };
        let new = |old: &Entry| bound(old, if is_out(old) { line.clone() } else { line.mirror() });
        let mut put: Vec<Entry> = pair.iter().map(new).collect();
        if let ([alone], false) = (&pair[..], pair.iter().any(is_out)) {
            put.insert(0, Entry { id: EntryId(0), ..bound(alone, line.clone()) });
        }
        let same = put.len() == pair.len()
            && put.iter().zip(&pair).all(|(new, old)| Entry { origin: old.origin, ..new.clone() } == *old);
        let Some(first) = pair.first() else { return };
        let pinned = self.world.nodes[self.alice].agent.pins().count() > 0 && first.peer.device.is_some();
        let other_peer = pinned && put.iter().any(|entry| entry.peer != first.peer);
        let result = self.command(Command::PolicyEdit { entry: first.id, text });
        if other_peer {
            assert_eq!(result.unwrap_err().code, "another-peer");
            return;
        }
        if same {
            assert_eq!(result, Ok(false));
            return;
        }
        self.took(result, |model| model.change(false, Vec::new(), put));
    }

    fn put(&mut self, put: Vec<Entry>, command: impl Fn(EntryId) -> Command) {
        let Some(first) = put.first() else { return };
        let same = put.iter().all(|entry| self.model.entries.get(&entry.id) == Some(entry));
        let result = self.command(command(first.id));
        if same {
            assert_eq!(result, Ok(false));
            return;
        }
        self.took(result, |model| model.change(false, Vec::new(), put));
    }

    /// What was done is done in the model too; what was refused would have loosened what stood and what Bob agreed to, or put off its end.
    fn took(&mut self, result: Result<bool, Failure>, change: impl FnOnce(&mut Model)) {
        let mut after = self.model.clone();
        change(&mut after);
        let looser = self.is_looser(&after);
        match result {
            Ok(true) => {
                assert!(!looser, "what Bob agreed to was loosened");
                self.model = after;
            }
            Err(failure) => {
                assert_eq!(failure.code, "looser-than-asked");
                assert!(looser, "{failure}");
            }
            Ok(false) => panic!("nothing was changed"),
        }
    }

    /// Packet by packet, now and at each end: there are entries for Bob, and they guarantee less than those that stood, and less than
    /// those that Bob agreed to.
    fn is_looser(&self, after: &Model) -> bool {
        if self.world.nodes[self.alice].agent.pins().count() == 0 {
            return false;
        }
        let now = self.now();
        let bobs = self.model.entries.values().filter(|entry| entry.peer.device.is_some());
        let ends = bobs.chain(&self.model.agreed).filter_map(|entry| entry.expires);
        std::iter::once(now).chain(ends.filter(|end| *end > now)).any(|at| {
            let (before, after) = (self.model.of_bob(at), after.of_bob(at));
            let agreed: Vec<&Entry> = self.model.agreed.iter().filter(|entry| entry.in_force(at)).collect();
            if after.is_empty() {
                return false;
            }
            if before.is_empty() && agreed.is_empty() {
                return at != now;
            }
            let guarantee = |all: &[&Entry], flow: &Flow<'_>| {
                let entry = rules(all.iter().copied(), flow, at);
                entry.map_or(Guarantee::default(), |entry| Guarantee::of(&entry.action, Level::Require))
            };
            let keeps = |word: &[&Entry]| {
                let holds = |flow: &Flow<'_>| guarantee(&after, flow).at_least_as_tight_as(&guarantee(word, flow));
                !word.is_empty() && flows(&bob()).iter().all(holds)
            };
            !keeps(&before) && !keeps(&agreed)
        })
    }

    fn ask(&mut self) {
        let ask = self.world.ask(self.alice, "bob@192.168.1.2", Some("approve"));
        let alice = self.alice;
        let over =
            |world: &World| !matches!(world.the_ask(alice, ask).state, AskState::Asking | AskState::Reviewing(_));
        assert!(self.world.run_until(MINUTE, over));
        let AskState::Registered { .. } = self.world.the_ask(alice, ask).state else { return };
        // What a review registers is its own matter; here it takes the place of all that names the device.
        let gone: Vec<EntryId> =
            self.model.entries.values().filter(|entry| entry.peer.device.is_some()).map(|entry| entry.id).collect();
        let (entity, device) = bob();
        let put: Vec<Entry> = self.world.nodes[alice].agent.spd().entries_of(&entity, &device).cloned().collect();
        assert!(put.iter().all(|entry| entry.origin == Origin::Review && entry.action.to_string() == ESP));
        let mut numbers: Vec<u64> = put.iter().map(|entry| entry.id.0).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [self.model.last + 1, self.model.last + 2]);
        self.model.last += 2;
        self.model.agreed = put.clone();
        self.model.change(false, gone, put);
    }

    fn check(&self) {
        let spd = self.world.nodes[self.alice].agent.spd();
        let mut kept: Vec<&Entry> = spd.ordinary().collect();
        kept.sort_by_key(|entry| entry.id);
        assert!(kept.iter().copied().eq(self.model.entries.values()), "{kept:#?}\n{:#?}", self.model.entries);
        let ids: Vec<EntryId> = spd.default_entries().map(|entry| entry.id).filter(|id| *id != EntryId(0)).collect();
        assert!(ids.len() == self.model.default.len() && ids.iter().all(|id| self.model.default.contains_key(id)));
        for flow in flows(&bob()) {
            let ruling = spd.lookup(&flow, self.now());
            let expected = rules(self.model.entries.values(), &flow, self.now());
            match expected {
                Some(expected) => assert_eq!(ruling.entry, expected),
                None => assert_ne!(ruling.why, sottovoce::policy::Why::First),
            }
        }
    }
}

fn bob() -> (Entity, Device) {
    (Entity::parse("sip:bob@192.168.1.2").unwrap(), Device::new("device-of-bob").unwrap())
}

/// Packets on both sides of everything that the entries tell apart; those of Bob's calls.
fn flows((entity, device): &(Entity, Device)) -> Vec<Flow<'_>> {
    let mut flows = Vec::new();
    for address in ["192.168.1.1", "192.168.1.2", "192.168.1.9", "10.0.0.1"] {
        for (ours, theirs) in [(5004, 5004), (5004, 7000), (7000, 5999)] {
            for mine in ["192.168.1.1", "10.9.9.9"] {
                let ends = [format!("{mine}:{ours}"), format!("{address}:{theirs}")];
                let [ours, theirs] = ends.map(|end| end.parse().unwrap());
                let out = Flow {
                    source: ours,
                    destination: theirs,
                    upper: Upper::Udp,
                    direction: Direction::Out,
                    peer: Some((entity, device)),
                };
                flows.push(out);
                flows.push(Flow { source: theirs, destination: ours, direction: Direction::In, ..out });
            }
        }
    }
    flows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_the_database_is_as_the_dull_model_has_it(steps in vec(step(), 1..30)) {
        let mut run = Run::new();
        for step in steps {
            run.step(step);
            run.check();
            // No two commands come in the same millisecond.
            run.world.run_for(Duration::from_millis(1));
        }
        run.step(Step::Restart);
        run.check();
    }
}
