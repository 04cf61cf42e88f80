//! Whoever bears the name of the peer that is built in, and is another.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AskState, BuiltInPeer, Done, ECHO, ECHO_HOST};
use sottovoce::keys::Identity;
use sottovoce::policy::Wanted;
use sottovoce::sip::{Candidate, Transport};
use sottovoce::vocab::{Entity, FailureKind};

use crate::common::config::{agent, secret};
use crate::common::wire::Link;
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const ALICE: usize = 0;

/// Bob bears the name; Alice accepts his key, and was handed the keys of `made` as those of the real one.
fn asked(made: Option<&str>) -> (World, AskState) {
    let mut world = World::new(41, Link::GOOD);
    let bob = agent("bob", "192.168.1.2", "none");
    let address = bob.listen[0].address;
    world.dns.insert(ECHO_HOST.into(), vec![Candidate { address, transport: Transport::Udp }]);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    let accept_key = Some(bob.identity.fingerprint());
    world.add("bob", AgentConfig { entity: Entity::parse(ECHO).unwrap(), ..bob });
    if let Some(name) = made {
        let identity = Identity::generate(&secret(name));
        let keys = (identity.verify_key(), identity.agreement_key());
        let now = world.now;
        world.nodes[ALICE].agent.handle_done(now, Done::BuiltInFound(BuiltInPeer { address, keys }));
    }
    let ask = world.ask_for(ALICE, ECHO, Some("approve"), Wanted::BOTH, accept_key);
    assert!(world.run_until(MINUTE, |world| world.the_ask(ALICE, ask).state != AskState::Asking));
    world.run_for(Duration::from_secs(1));
    let state = world.the_ask(ALICE, ask).state.clone();
    (world, state)
}

/// Otherwise the first who comes with that name would be trusted.
#[test]
fn who_has_not_the_keys_that_were_handed_over_is_refused_for_good() {
    for made in [None, Some("carol")] {
        let (world, state) = asked(made);
        let AskState::Failed(failure) = state else { panic!("{made:?}: {state:?}") };
        assert_eq!((failure.kind, failure.code), (FailureKind::Trust, "impostor"), "{failure:?}");
        assert_eq!(world.nodes[ALICE].agent.pins().count(), 0);
    }
}

#[test]
fn the_peer_that_is_built_in_is_known_by_its_keys() {
    let (world, state) = asked(Some("bob"));
    assert!(matches!(state, AskState::Registered { .. }), "{state:?}");
    assert_eq!(world.nodes[ALICE].agent.pins().count(), 1);
}
