use std::time::Duration;

use sottovoce::agent::{
    Agent, AgentConfig, AnswerMode, AudioSink, AudioSource, Done, Effect, Listen, Loaded, Output, Stored,
    UnknownWatchers,
};
use sottovoce::keys::Identity;
use sottovoce::policy::{both_directions, setkey, Level};
use sottovoce::sip::Transport;
use sottovoce::vocab::{Device, Entity};

use super::{counting, minute, octets, timed, watchers};

pub fn measure(number: usize) {
    println!("{number} subscriptions to one agent:");
    let before = counting::held();
    let mut agent = Agent::new(config(number), Loaded::default(), [7; 32], minute(0));
    settle(&mut agent, 0, None);
    timed("accept SUBSCRIBE, sign, NOTIFY and its 200", number, || {
        for watcher in 0..number {
            agent.handle_message(minute(0), watchers::from(watcher), watchers::subscribe(watcher).as_bytes());
            assert_eq!(settle(&mut agent, 0, Some(watcher)), 1, "the {watcher}th gets one NOTIFY");
        }
    });
    octets("with their transactions, for 32 s", number, counting::held() - before);
    agent.handle_timeout(minute(1));
    octets("after that", number, counting::held() - before);
    timed("next deadline, once a subscription", number, || {
        (0..number).for_each(|_| assert!(agent.poll_timeout().is_some()));
    });
}

/// Does what the agent wants done; says how many NOTIFYs there were, each answered by `watcher`.
fn settle(agent: &mut Agent, at: u64, watcher: Option<usize>) -> usize {
    let mut notifies = 0;
    while let Some(output) = agent.poll() {
        match output {
            Output::Effect(Effect::Store { id, .. }) => {
                agent.handle_done(minute(at), Done::Stored { id, result: Ok(Stored::Done) });
            }
            Output::Transmit(sent) => {
                let answer = watchers::answer(&sent.bytes);
                if let Some((answer, watcher)) = answer.zip(watcher) {
                    notifies += 1;
                    agent.handle_message(minute(at), watchers::from(watcher), &answer);
                }
            }
            Output::Effect(_) | Output::Event(_) | Output::Disconnect(..) => {}
        }
    }
    notifies
}

fn config(number: usize) -> AgentConfig {
    let address = std::net::SocketAddr::from(watchers::AGENT);
    AgentConfig {
        entity: Entity::parse("sip:agent@192.0.2.1").expect("an entity"),
        display_name: None,
        device: Device::new("device-of-the-agent").expect("a device"),
        identity: Identity::generate(&[7; 64]),
        accounts: Vec::new(),
        listen: vec![Listen { transport: Transport::Udp, address }],
        media_address: address.ip(),
        t1: Duration::from_millis(500),
        answer: AnswerMode::Reject,
        audio_source: AudioSource::Silence,
        audio_sink: AudioSink::Discard,
        places: Vec::new(),
        unknown_watchers: UnknownWatchers::Policy,
        default_level: Level::Require,
        default_policy: both_directions(setkey::parse("spdadd any any udp -P out none;").expect("a policy")),
        stays: false,
        only_looks: false,
        limits: number,
        keylog: false,
    }
}
