//! The device moves (ARCHITECTURE section 5; claim 4): what the system tells of its networks becomes our presence, and where our address is
//! gone everything goes on at another.
//!
//! | step | what follows |
//! | --- | --- |
//! | `Done::NetworkLooked` -> `handle_network` | where we are is judged anew: presence, publication, watchers |
//! | our address is gone | `Effect::Listen` at the one that the machine has now |
//! | `Done::Listening` -> `handle_listening` | Contact, registrations, subscriptions; `Effect::OpenMediaBeside` for each call |
//! | `Done::MediaOpened` -> `handle_media_beside`, in `call` | a re-INVITE with fresh keys from the new address |
//!
//! Without any address nothing moves: the cable may be back in a moment.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::contact::{contact_of, endpoint_place};
use super::{Agent, Effect, Event, Listen};
use crate::policy::{Environment, Network};
use crate::sip::Transport;
use crate::vocab::{Deadline, Failure, FailureKind, Mono, Now};

/// An address that the system is still trying out cannot be listened on yet.
const AGAIN: Duration = Duration::from_millis(200);

/// So often it is tried; a change of the network tries anew.
const TRIES: u32 = 25;

/// Which networks there are, and whether we are on our way to another.
#[derive(Default)]
pub struct Movement {
    network: Network,
    going: Option<Going>,
}

struct Going {
    to: IpAddr,
    tries: u32,
    /// Tried again then; `None` while it is tried.
    again: Option<Mono>,
}

impl Agent {
    pub(super) fn handle_network(&mut self, now: Now, network: Network) {
        self.movement.network = network;
        let own = self.config.media_address;
        let stays = !self.config.follows || self.stopping.is_some() || self.movement.network.has(own);
        if stays {
            self.movement.going = None;
        }
        let Some(to) = self.movement.network.own_address(own).filter(|_| !stays) else { return self.look_around(now) };
        // Where we are on our way to is judged on arrival: what is said of it before would have the contact of before.
        if self.movement.going.as_ref().is_none_or(|going| going.to != to) {
            self.movement.going = Some(Going { to, tries: 0, again: None });
            self.go(to);
        }
    }

    /// Where we are may be judged otherwise: who follows us learns that.
    fn look_around(&mut self, now: Now) {
        let own = self.config.media_address;
        let there = self.movement.network.whereabouts(own);
        let before = (self.own.environment(), self.own.place().to_owned());
        self.own.look_around(&self.config, there, now.wall);
        let today = (self.own.environment(), self.own.place().to_owned());
        if before == today {
            return;
        }
        let named = |(environment, place): &(Environment, String)| {
            format!("{place} ({}, by {})", environment.scope.name(), environment.evidence.name())
        };
        let detail = format!("{}; before: {}", named(&today), named(&before));
        let subject = self.config.entity.to_string();
        self.audit(now, "place", &subject, &detail);
        self.sayings_changed(now);
        self.places_changed(now);
        self.event(Event::OwnPresenceChanged);
    }

    fn go(&mut self, to: IpAddr) {
        let at = |listen: &Listen| Listen { address: SocketAddr::new(to, listen.address.port()), ..*listen };
        let all = &self.config.listen;
        let by_udp = |address| all.iter().any(|other| other.transport == Transport::Udp && other.address == address);
        // TCP is listened for beside UDP, without being wanted.
        let is_wanted = |listen: &&Listen| listen.transport != Transport::Tcp || !by_udp(listen.address);
        let wanted = all.iter().filter(is_wanted).map(at).collect();
        self.effect(Effect::Listen { wanted });
    }

    pub(super) fn handle_listening(&mut self, now: Now, result: Result<Vec<Listen>, Failure>) {
        let Some(going) = &mut self.movement.going else { return };
        match result {
            Ok(listening) => {
                self.movement.going = None;
                self.arrive(now, listening);
            }
            Err(_) if going.tries < TRIES => {
                going.tries += 1;
                going.again = Some(now.mono + AGAIN);
            }
            Err(failure) => {
                let notice = stuck(going.to, self.config.media_address, &failure);
                self.movement.going = None;
                self.look_around(now);
                self.event(Event::Notice(notice));
            }
        }
    }

    /// From here on everything that we say names the new address.
    fn arrive(&mut self, now: Now, listening: Vec<Listen>) {
        let Some(first) = listening.iter().find(|listen| listen.transport != Transport::Tls) else { return };
        let (from, to) = (self.config.media_address, first.address.ip());
        self.config.media_address = to;
        self.config.listen = listening;
        self.contact = contact_of(&self.config);
        let (contact, listen) = endpoint_place(&self.config, &self.contact);
        self.endpoint.move_to(now, contact, listen);
        self.count("moves");
        self.look_around(now);
        let subject = self.config.entity.to_string();
        self.audit(now, "moved", &subject, &format!("this device is at {to} now, before: {from}"));
        self.event(Event::Notice(moved(from, to, self.own.place())));
        self.sayings_changed(now);
        self.move_calls(now, to);
    }

    pub(super) fn handle_movement_timeout(&mut self, now: Now) {
        let Some(going) = &mut self.movement.going else { return };
        if going.again.is_some_and(|at| at <= now.mono) {
            going.again = None;
            let to = going.to;
            self.go(to);
        }
    }

    pub(super) fn movement_deadline(&self) -> Option<Deadline> {
        let at = self.movement.going.as_ref()?.again?;
        Some(Deadline { at, why: "listening at the new address" })
    }
}

fn moved(from: IpAddr, to: IpAddr, place: &str) -> Failure {
    let message = format!("this device is at {to} now, {place} (before: {from})");
    let next = "registrations, watchers and running calls follow by themselves; `sottovoce presence list` shows what others are told";
    Failure::new(FailureKind::Failed, "device-moved", message, to.to_string(), next)
}

fn stuck(to: IpAddr, from: IpAddr, why: &Failure) -> Failure {
    let message = format!("this device lost its address {from} and cannot be reached at {to}: {}", why.message);
    let next = "free that address and port, or restart the agent; until then nobody reaches you";
    Failure::new(FailureKind::Failed, "not-moved", message, to.to_string(), next)
}
