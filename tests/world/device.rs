//! Another device of a user, which asks an agent who follows it: a SIP endpoint with keys, and nothing more.

use std::net::SocketAddr;
use std::time::Duration;

use sottovoce::keys::Identity;
use sottovoce::policy::{
    both_directions, publish_policy, setkey, Audience, Capabilities, Environment, Evidence, Level, Purpose, Scope,
    Statement, Wanted,
};
use sottovoce::presence::{self, Introduction, Signed, VOUCH};
use sottovoce::sip::headers::NameAddr;
use sottovoce::sip::{
    Body, EndCause, Endpoint, EndpointConfig, EndpointEvent, EventPackages, Limits, Message, Received, Subscribe,
    SubscriptionId, Transport, Uri,
};
use sottovoce::vocab::{Device as DeviceId, Entity, Nonce, Now, PeerText, SignatureBytes, VerifyKey};

use crate::common::config::{default_text, secret};
use crate::common::wire::{arrived_by, Parcel};
use crate::common::world::World;

/// How long the device lets its mail lie.
const STEP: Duration = Duration::from_millis(50);
const PIDF: &str = "application/pidf+xml";

/// Who asks, and with what in its hands.
#[derive(Clone)]
pub struct Keys {
    secret: String,
    pub device: DeviceId,
    pub entity: Entity,
    pub vouched: Option<(VerifyKey, SignatureBytes)>,
}

impl Keys {
    pub fn new(secret_of: &str, device: &str, entity: &str) -> Self {
        Self {
            secret: secret_of.to_owned(),
            device: DeviceId::new(device).unwrap(),
            entity: Entity::parse(entity).unwrap(),
            vouched: None,
        }
    }

    fn identity(&self) -> Identity {
        Identity::generate(&secret(&self.secret))
    }

    pub fn introduction(&self) -> Introduction {
        Introduction {
            device: self.device.clone(),
            signing_key: self.identity().verify_key(),
            agreement_key: self.identity().agreement_key(),
        }
    }

    /// Its word for another device of the same entity.
    pub fn vouch(&self, new: &Introduction) -> presence::Vouch {
        let signature = self.identity().sign(VOUCH, presence::vouch_text(&self.entity, new).as_bytes());
        presence::Vouch { key: self.identity().verify_key(), signature }
    }

    pub fn vouched_by(self, vouch: presence::Vouch) -> Self {
        Self { vouched: Some((vouch.key, vouch.signature)), ..self }
    }

    /// A request for the watchers of whoever has this name, or of one device.
    pub fn request(&self, now: Now, audience: &str, nonce: u8) -> Body {
        self.request_for(Wanted::WATCHERS, now, audience, nonce)
    }

    pub fn request_for(&self, wanted: Wanted, now: Now, audience: &str, nonce: u8) -> Body {
        let audience = match Entity::parse(audience) {
            Ok(entity) => Audience::Entity(entity),
            Err(_) => Audience::Device(DeviceId::new(audience).unwrap()),
        };
        let request = Some(wanted);
        let statement = self.statement(now, Purpose::Request, audience);
        let document = self.document(Statement { nonce: Nonce([nonce; 16]), request, ..statement });
        Body { content_type: PIDF.into(), bytes: document.into() }
    }

    /// What this device publishes for everybody, as one that is reached at a GRUU and is at `address`.
    pub fn publication(&self, now: Now, address: &str, action: &str) -> Vec<u8> {
        let gruu = format!("{};gr={}", self.entity, self.device);
        let address = address.parse().unwrap();
        let entries = both_directions(setkey::parse(&default_text(action)).unwrap());
        self.document(Statement {
            contact: PeerText::new(&gruu),
            environment: Some(Environment {
                scope: Scope::Private,
                evidence: Evidence::Address,
                address: Some(address),
            }),
            policies: publish_policy(&entries, address, Level::Require),
            ..self.statement(now, Purpose::Publish, Audience::Any)
        })
    }

    fn statement(&self, now: Now, purpose: Purpose, audience: Audience) -> Statement {
        let issued = sottovoce::vocab::Wall::from_secs(now.wall.as_secs());
        Statement {
            entity: self.entity.clone(),
            contact: PeerText::new("sip:192.168.1.7"),
            device: self.device.clone(),
            version: now.wall.0,
            issued,
            expires: issued.saturating_add(Duration::from_secs(3600)),
            purpose,
            audience,
            nonce: Nonce([0; 16]),
            person: None,
            environment: None,
            signing_key: self.identity().verify_key(),
            agreement_key: self.identity().agreement_key(),
            signed_by: self.vouched,
            supports: Capabilities::default(),
            policies: Vec::new(),
            request: None,
            proposal: None,
            answer: None,
        }
    }

    fn document(&self, statement: Statement) -> Vec<u8> {
        let text = presence::canonical_text(&statement);
        let signature = self.identity().sign("sottovoce-statement-1", text.as_bytes());
        presence::write(&Signed { statement, signature })
    }
}

pub struct Device {
    address: SocketAddr,
    endpoint: Endpoint,
    /// What was put on the wire so far is known.
    heard: usize,
    /// It hears nothing while this is set, and everything afterwards.
    pub asleep: bool,
    /// Documents, the oldest first.
    pub lists: Vec<String>,
    pub ends: Vec<EndCause>,
}

impl Device {
    /// `number` tells it apart from every other one of the same world.
    pub fn at(address: &str, entity: &str, number: u8) -> Self {
        let address = SocketAddr::new(address.parse().unwrap(), 5060);
        let config = EndpointConfig {
            aor: NameAddr::new(Uri::parse(entity).unwrap()),
            contact: Uri::sip(None, address.ip(), None),
            instance: None,
            user_agent: "device".into(),
            t1: Duration::from_millis(500),
            supported: Vec::new(),
            accept: Vec::new(),
            events: EventPackages::default(),
            listen: [Transport::Udp, Transport::Tcp].map(|by| (by, address)).to_vec(),
            limits: Limits::default(),
        };
        Self {
            address,
            endpoint: Endpoint::new(config, [number; 32]),
            heard: 0,
            asleep: false,
            lists: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Asks whoever is at `there` who follows `target`.
    pub fn subscribe(
        &mut self,
        world: &mut World,
        (target, there): (&str, &str),
        expires: u64,
        body: Option<Body>,
    ) -> SubscriptionId {
        let what = Subscribe {
            target: Uri::parse(target).unwrap(),
            remote: SocketAddr::new(there.parse().unwrap(), 5060),
            domain: None,
            tcp: false,
            event: "presence.winfo".into(),
            expires: Duration::from_secs(expires),
            accept: vec!["application/watcherinfo+xml".into()],
            body,
            from: None,
            login: None,
            resumes: None,
        };
        self.heard = world.wire.overheard.len();
        let id = self.endpoint.subscribe(world.now, what);
        self.run(world, Duration::from_secs(1));
        id
    }

    pub fn refresh(&mut self, world: &mut World, id: SubscriptionId) {
        self.endpoint.refresh_subscription(world.now, id, Duration::ZERO);
        self.run(world, Duration::from_secs(1));
    }

    pub fn unsubscribe(&mut self, world: &mut World, id: SubscriptionId) {
        self.endpoint.unsubscribe(world.now, id);
        self.run(world, Duration::from_secs(1));
    }

    /// The world runs for so long, and this device in it.
    pub fn run(&mut self, world: &mut World, span: Duration) {
        let end = world.now.mono + span;
        while world.now.mono < end {
            self.flush(world);
            world.run_for(STEP);
            self.hear(world);
        }
        self.flush(world);
    }

    fn hear(&mut self, world: &World) {
        if self.asleep {
            return;
        }
        for parcel in world.wire.overheard.iter().skip(self.heard) {
            let Parcel::Sip { stream, from, to, bytes } = parcel else { continue };
            if to.ip() == self.address.ip() {
                let (transport, connection) = arrived_by(*stream);
                let received = Received { transport, local: self.address, remote: *from, connection };
                self.endpoint.handle_message(world.now, received, bytes);
            }
        }
        self.heard = world.wire.overheard.len();
        if self.endpoint.poll_timeout().is_some_and(|deadline| deadline.at <= world.now.mono) {
            self.endpoint.handle_timeout(world.now);
        }
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                EndpointEvent::Notified { body, .. } => {
                    self.lists.extend(body.map(|body| String::from_utf8(body.bytes.to_vec()).unwrap()));
                }
                EndpointEvent::SubscriptionEnded { cause, .. } => self.ends.push(cause),
                _ => {}
            }
        }
    }

    /// Everything goes as if by UDP, or on the connection that the agent opened.
    fn flush(&mut self, world: &mut World) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let stream = transmit.connection.map(|id| id.0);
            let parcel =
                Parcel::Sip { stream, from: self.address, to: transmit.remote, bytes: transmit.bytes.to_vec() };
            world.wire.send(world.now.mono, parcel);
        }
    }
}

/// What came from this address of the agent's, as an answer: status and body are all that may tell one from another.
pub fn answers(world: &World, to: &str) -> Vec<(u16, String, usize)> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { to: at, bytes, .. } if at.ip().to_string() == to => match Message::parse(bytes) {
            Ok(Message::Response(response)) => {
                let reason = String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned();
                Some((response.status(), reason, response.body().len()))
            }
            _ => None,
        },
        _ => None,
    };
    world.wire.overheard.iter().filter_map(read).collect()
}

/// Version of a list, and its watchers as `status event uri`, with the display name in brackets.
pub fn read(list: &str) -> (u32, Vec<String>) {
    let value = |line: &str, name: &str| {
        let rest = line.split_once(&format!(" {name}=\""))?.1;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let root = list.lines().find(|line| line.starts_with("<watcherinfo")).expect("a list");
    assert_eq!(value(root, "state").as_deref(), Some("full"));
    let watchers = list.lines().filter(|line| line.starts_with("<watcher "));
    let row = |line: &str| {
        let uri = line.split_once('>').unwrap().1.trim_end_matches("</watcher>");
        let name = value(line, "display-name").map(|name| format!(" [{name}]")).unwrap_or_default();
        format!("{} {} {uri}{name}", value(line, "status").unwrap(), value(line, "event").unwrap())
    };
    (value(root, "version").unwrap().parse().unwrap(), watchers.map(row).collect())
}
