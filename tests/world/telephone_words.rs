//! What our user is told of calls with ordinary telephones, and what helps there: each step that is named is taken, and helps.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, CallResult, CallState, Command};
use sottovoce::vocab::Failure;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;
use crate::srtp::{answers, described, said_to_phone};

const ALICE: usize = 0;
const PHONE: &str = "phone@192.168.1.5";
const REQUIRE: &str = "ipsec srtp/transport//require";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn world(default: &str) -> World {
    let mut world = World::new(5, Link::GOOD);
    let config = AgentConfig { sdes_without_tls: true, ..agent("alice", "192.168.1.1", default) };
    world.add("alice", config);
    world
}

/// Alice calls the telephone, which answers to the INVITE with this.
fn refused(world: &mut World, is_asked: bool, status: &str) -> Failure {
    let call = world.call(ALICE, PHONE, None, 3600);
    if is_asked {
        answers(world, "SUBSCRIBE ", "489 Bad Event", "");
    }
    answers(world, "INVITE ", status, "");
    let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!() };
    failure.clone()
}

/// What stands between backquotes and begins so, without that.
fn advised(failure: &Failure, command: &str) -> String {
    let typed = failure.next.split('`').find_map(|part| part.strip_prefix(command));
    typed.unwrap_or_else(|| panic!("{command}: {failure:?}")).trim_matches(' ').to_owned()
}

/// What is added behind an entry for it would never rule; where the default rules, an entry for it does.
#[test]
fn who_demands_srtp_is_called_with_it_after_the_step_that_was_named() {
    let mut ruled_by_entry = world("ipsec esp/transport//require");
    let text = "spdadd any any udp -P out none; # sv: entity=sip:phone@192.168.1.5".into();
    ruled_by_entry.command(ALICE, Command::PolicyAdd { text }).unwrap();
    ruled_by_entry.run_for(SECOND);
    let failure = refused(&mut ruled_by_entry, true, "488 Not Acceptable Here");
    assert!(failure.next.contains("e1 says `none`"), "{failure:?}");
    assert_eq!(advised(&failure, "sottovoce policy edit "), format!("e1 --with '{REQUIRE}'"));
    let edit = Command::PolicyEdit { entry: sottovoce::vocab::EntryId(1), text: REQUIRE.into() };
    ruled_by_entry.command(ALICE, edit).unwrap();
    let mut ruled_by_default = world("none");
    let failure = refused(&mut ruled_by_default, true, "488 Not Acceptable Here");
    let added = advised(&failure, "sottovoce policy add ");
    assert_eq!(added, format!("'{REQUIRE}' --entity sip:phone@192.168.1.5"));
    let text = format!("spdadd any any udp -P out {REQUIRE}; # sv: entity=sip:phone@192.168.1.5");
    ruled_by_default.command(ALICE, Command::PolicyAdd { text }).unwrap();
    for mut world in [ruled_by_entry, ruled_by_default] {
        world.run_for(SECOND);
        world.wire.overheard.clear();
        let failure = refused(&mut world, false, "488 Not Acceptable Here");
        assert!(said_to_phone(&world, "INVITE ").unwrap().contains("RTP/SAVP"), "{failure:?}");
        let less = advised(&failure, "sottovoce policy edit ");
        assert!(less.ends_with(" --with 'ipsec srtp/transport//use'"), "{failure:?}");
    }
}

#[test]
fn another_protection_within_a_call_with_a_telephone_is_refused_with_what_can_be_done() {
    let mut world = world("none");
    let call = world.call(ALICE, PHONE, None, 3600);
    answers(&mut world, "SUBSCRIBE ", "489 Bad Event", "");
    answers(&mut world, "INVITE ", "200 OK", &described("RTP/AVP 0\r\n"));
    world.run_for(SECOND);
    assert_eq!(world.the_call(ALICE, call).state, CallState::Active);
    let rules = sottovoce::policy::setkey::parse_action("ipsec esp/transport//require").ok();
    let tightened = world.command(ALICE, Command::Tighten { call, rules: rules.clone() }).unwrap_err();
    let relaxed = world.command(ALICE, Command::Relax { call, rules, note: None }).unwrap_err();
    for refused in [tightened, relaxed] {
        assert_eq!(refused.code, "telephone-in-call", "{refused:?}");
        assert!(refused.next.contains("`sottovoce policy edit`") && !refused.next.contains("ask it"), "{refused:?}");
    }
    assert_eq!(world.the_call(ALICE, call).state, CallState::Active);
}

/// An answer given beforehand, as `--approve none`, is to a review.
#[test]
fn that_there_was_no_review_to_answer_is_said() {
    for (answer, is_said) in [(Some("none"), true), (None, false)] {
        let mut world = world("ipsec esp/transport//require");
        let call = world.call(ALICE, PHONE, answer, 3600);
        assert!(world.run_until(MINUTE, |world| world.call_is_over(ALICE, call)));
        let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!() };
        assert_eq!((failure.code, failure.message.contains("`--approve`")), ("peer-silent", is_said), "{failure:?}");
    }
}

/// Nothing rang anywhere before the INVITE; afterwards somebody did not pick up.
#[test]
fn who_is_not_reached_before_the_call_is_placed_did_not_leave_it_unanswered() {
    for (default, result) in [("ipsec esp/transport//require", CallResult::Failed), ("none", CallResult::Unanswered)] {
        let mut world = world(default);
        let call = world.call(ALICE, PHONE, None, 3600);
        assert!(world.run_until(5 * MINUTE, |world| world.call_is_over(ALICE, call)));
        world.run_for(SECOND);
        assert_eq!(world.nodes[ALICE].store.calls.last().unwrap().result, result, "{default}");
    }
}
