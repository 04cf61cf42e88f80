use std::time::Duration;

use sottovoce::agent::{
    Agent, AgentConfig, AnswerMode, AudioSink, AudioSource, Command, Done, Effect, Listen, Loaded, Output, SrtpKeying,
    StoreOp, Stored, UnknownWatchers,
};
use sottovoce::keys::Identity;
use sottovoce::policy::{both_directions, setkey, Level};
use sottovoce::sdp::AudioFormat;
use sottovoce::sip::{Received, Transmit, Transport};
use sottovoce::vocab::{Device, Entity, Generation};

use super::{counting, minute, octets, timed, watchers};

pub fn measure(number: usize) {
    println!("{number} subscriptions to one agent:");
    let before = counting::held();
    let mut agent = Agent::new(config(number), Loaded::default(), [7; 32], minute(0));
    taken(&mut agent, 0);
    timed("accept SUBSCRIBE, sign, NOTIFY and its 200", number, || {
        for watcher in 0..number {
            agent.handle_message(minute(0), watchers::from(watcher), watchers::subscribe(watcher).as_bytes());
            let sent = taken(&mut agent, 0);
            assert_eq!(answered(&mut agent, 0, &sent), 1, "the {watcher}th gets one NOTIFY");
        }
    });
    octets("with their transactions, for 32 s", number, counting::held() - before);
    agent.handle_timeout(minute(1));
    taken(&mut agent, 1);
    octets("after that", number, counting::held() - before);
    let notifies = timed("the policy changes: sign for all, notify all", number, || changed(&mut agent));
    timed("take all answers", number, || assert_eq!(answered(&mut agent, 1, &notifies), number));
    timed("next deadline, once a subscription", number, || {
        (0..number).for_each(|_| assert!(agent.poll_timeout().is_some()));
    });
}

/// It tightens for everybody, so that nobody waits for the pace of five seconds.
fn changed(agent: &mut Agent) -> Vec<Transmit> {
    let text = "spdadd any any udp -P out ipsec esp/transport//require;".to_owned();
    agent.command(minute(1), Command::PolicyDefault { text }).expect("a policy");
    taken(agent, 1)
}

/// Does what the agent wants done; what it sends meanwhile.
fn taken(agent: &mut Agent, at: u64) -> Vec<Transmit> {
    let mut sent = Vec::new();
    while let Some(output) = agent.poll() {
        match output {
            Output::Effect(Effect::Store { id, op }) => {
                agent.handle_done(minute(at), Done::Stored { id, result: Ok(stored(op)) });
            }
            Output::Transmit(transmit) => sent.push(transmit),
            Output::Effect(_) | Output::Event(_) | Output::Disconnect(..) => {}
        }
    }
    sent
}

fn stored(op: StoreOp) -> Stored {
    match op {
        StoreOp::Register { approved, .. } => {
            Stored::Registered { generation: Generation(1), entries: approved.entries().to_vec() }
        }
        _ => Stored::Done,
    }
}

/// Whoever was sent a NOTIFY answers 200; how many that were.
fn answered(agent: &mut Agent, at: u64, sent: &[Transmit]) -> usize {
    let mut notifies = 0;
    for transmit in sent {
        let Some(answer) = watchers::answer(&transmit.bytes) else { continue };
        let from = Received { remote: transmit.remote, ..watchers::from(0) };
        agent.handle_message(minute(at), from, &answer);
        assert!(taken(agent, at).is_empty(), "nothing follows an answer");
        notifies += 1;
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
        follows: false,
        t1: Duration::from_millis(500),
        answer: AnswerMode::Reject,
        answering: Default::default(),
        audio_source: AudioSource::Silence,
        audio_sink: AudioSink::Discard,
        gains: Default::default(),
        treatment: Default::default(),
        ring: None,
        places: Vec::new(),
        prompts: Default::default(),
        gateway: None,
        unknown_watchers: UnknownWatchers::Policy,
        take_proposals: true,
        comfort_noise: false,
        ptime: 20,
        dtmf: Default::default(),
        codecs: AudioFormat::ALL.to_vec(),
        default_level: Level::Require,
        default_policy: both_directions(setkey::parse("spdadd any any udp -P out none;").expect("a policy")),
        stays: false,
        only_looks: false,
        sdes_without_tls: false,
        srtp_keys: vec![SrtpKeying::Sdes],
        dtls: None,
        nat: Default::default(),
        limits: number,
        keylog: false,
        serves: None,
    }
}
