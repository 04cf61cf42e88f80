//! Configurations of agents in the virtual world.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sottovoce::agent::{
    AccountConfig, AgentConfig, AnswerMode, AudioSink, AudioSource, Hop, Listen, Place, SrtpKeying, UnknownWatchers,
};
use sottovoce::keys::Identity;
use sottovoce::policy::{both_directions, setkey, Level, Prefix, Scope};
use sottovoce::sdp::AudioFormat;
use sottovoce::sip::Transport;
use sottovoce::vocab::{Device, Entity};

/// An agent named `name` at `address`, which answers automatically and tells its place; its default policy is `action`.
pub fn agent(name: &str, address: &str, action: &str) -> AgentConfig {
    let ip: IpAddr = address.parse().unwrap();
    let sip = SocketAddr::new(ip, 5060);
    let listen = [Transport::Udp, Transport::Tcp].map(|transport| Listen { transport, address: sip });
    AgentConfig {
        entity: Entity::parse(&format!("sip:{name}@{address}")).unwrap(),
        display_name: Some(name.to_owned()),
        device: Device::new(&format!("device-of-{name}")).unwrap(),
        identity: Identity::generate(&secret(name)),
        listen: listen.to_vec(),
        media_address: ip,
        follows: false,
        t1: Duration::from_millis(500),
        limits: 1,
        answer: AnswerMode::Auto,
        answering: Default::default(),
        audio_source: AudioSource::Tone(440),
        audio_sink: AudioSink::Discard,
        gains: Default::default(),
        treatment: Default::default(),
        ring: None,
        accounts: Vec::new(),
        places: vec![office()],
        gateway: None,
        prompts: Default::default(),
        unknown_watchers: UnknownWatchers::Place,
        take_proposals: true,
        comfort_noise: false,
        ptime: 20,
        dtmf: Default::default(),
        // The cheapest to compute: worlds have many calls.
        codecs: vec![AudioFormat::Pcmu, AudioFormat::Pcma],
        default_level: Level::Require,
        default_policy: both_directions(setkey::parse(&default_text(action)).unwrap()),
        stays: true,
        only_looks: false,
        sdes_without_tls: false,
        srtp_keys: vec![SrtpKeying::Sdes],
        dtls: None,
        nat: Default::default(),
        keylog: true,
        serves: None,
    }
}

/// An account at a server without password.
pub fn account(entity: &Entity, server: &str) -> AccountConfig {
    AccountConfig {
        entity: entity.clone(),
        proxy: Hop { host: server.into(), port: Some(5060), transport: Some(Transport::Udp) },
        beside: None,
        user: "somebody".into(),
        password: None,
        realm: "example.org".into(),
        expires: Duration::from_secs(3600),
        publish: true,
        watchers: true,
        mailbox: false,
        phone_context: None,
    }
}

pub fn default_text(action: &str) -> String {
    format!("spdadd any any udp -P out {action};")
}

fn office() -> Place {
    let network = Prefix::new("192.168.1.0".parse().unwrap(), 24).unwrap();
    Place { name: "office".into(), scope: Scope::Private, networks: vec![network], gateways: Vec::new() }
}

/// 64 octets that differ from name to name.
pub fn secret(name: &str) -> [u8; 64] {
    std::array::from_fn(|at| name.bytes().cycle().nth(at).unwrap_or(0).wrapping_mul(7).wrapping_add(at as u8))
}
