//! What the agent wants done, one function an effect. None of them waits.

use std::net::SocketAddr;
use std::time::Duration;

use super::Signalling;
use crate::agent::{Done, Effect, Event, StoreOp, Stored};
use crate::io::store::Place;
use crate::vocab::{EffectId, Failure, FailureKind, Redacted};

/// How long the resolver may take.
const LOOKUP_LIMIT: Duration = Duration::from_secs(10);
/// Addresses that are kept of one answer.
const ADDRESSES: usize = 16;

impl Signalling {
    pub(super) fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::CloseMedia { call } => self.answered.extend(self.media.close(call)),
            Effect::Keylog { esp_sa, json } => self.log_keys(&esp_sa, &json),
            Effect::OpenMedia { call, local } => {
                let result = self.media.open(call, local);
                self.answered.push_back(Done::MediaOpened { call, result });
            }
            Effect::Resolve { id, host, port } => self.resolve(id, host, port),
            Effect::SetSpd { spd } => self.media.set_spd(&spd),
            Effect::StartStream { call, stream, source, sink } => {
                let started = self.media.start(call, stream, source, sink);
                self.answered.extend(started.err().map(|failure| Done::StreamFailed { call, failure }));
            }
            Effect::Store { id, op } => self.store(id, op),
        }
    }

    fn store(&mut self, id: EffectId, op: StoreOp) {
        self.storing += 1;
        let let_go = self.backlog.push(id, op);
        self.answered.extend(let_go.map(|(id, result)| Done::Stored { id, result }));
        self.store_at_once();
    }

    /// Gives the store what it has places for now.
    fn store_at_once(&mut self) {
        while !self.backlog.is_empty() {
            let Some(place) = self.store.place().transpose() else { return };
            self.store_next(place);
        }
    }

    /// The first that waits takes this place; without a store any more, it is told so.
    pub(super) fn store_next(&mut self, place: Result<Place, Failure>) {
        let Some((id, op)) = self.backlog.pop() else { return };
        match place {
            Ok(place) => place.execute(op, self.reply(id)),
            Err(failure) => self.answered.push_back(Done::Stored { id, result: Err(failure) }),
        }
    }

    /// The loop never waits for the store's thread, so that thread may wait for the loop.
    fn reply(&self, id: EffectId) -> impl FnOnce(Result<Stored, Failure>) + Send + 'static {
        let dones = self.dones.clone();
        move |result| {
            let _ = dones.blocking_send(Done::Stored { id, result });
        }
    }

    /// Nobody reads answers any more, but what waits is still to be kept.
    pub(super) async fn store_the_rest(&mut self) {
        while !self.backlog.is_empty() {
            let place = self.store.wait_for_place().await;
            self.store_next(place);
        }
    }

    fn resolve(&mut self, id: EffectId, host: String, port: u16) {
        let Ok(permit) = std::sync::Arc::clone(&self.lookups).try_acquire_owned() else {
            self.answered.push_back(Done::Resolved { id, result: Err(too_many(&host)) });
            return;
        };
        let dones = self.dones.clone();
        tokio::spawn(async move {
            let result = lookup(&host, port).await;
            drop(permit);
            let _ = dones.send(Done::Resolved { id, result }).await;
        });
    }

    fn log_keys(&mut self, esp_sa: &[Redacted<String>], json: &[Redacted<String>]) {
        let Some(keylog) = &mut self.keylog else { return };
        if let Err(failure) = keylog.append(esp_sa, json) {
            let _ = self.events.send(Event::Notice(failure));
        }
    }
}

/// The addresses of `host`, an IPv6 address in brackets included, without repetition.
pub async fn lookup(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::time::timeout(LOOKUP_LIMIT, tokio::net::lookup_host((name, port))).await;
    let found = match found {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(unknown(host, &error.to_string())),
        Err(_) => return Err(unknown(host, "the name server does not answer")),
    };
    let mut addresses = Vec::new();
    for address in found.take(ADDRESSES) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(unknown(host, "it has no address"));
    }
    Ok(addresses)
}

fn unknown(host: &str, why: &str) -> Failure {
    let host = crate::vocab::escape(host);
    Failure::new(
        FailureKind::Unreachable,
        "host-unknown",
        format!("the host {host} cannot be found: {why}"),
        host,
        "check the spelling and your name server, or give the peer's IP address",
    )
}

fn too_many(host: &str) -> Failure {
    Failure::new(
        FailureKind::Unreachable,
        "resolver-busy",
        "too many host names are being looked up at once",
        crate::vocab::escape(host),
        "try again in a moment",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_are_found_with_and_without_brackets_and_unknown_hosts_are_named() {
        for (host, address) in [("192.0.2.7", "192.0.2.7:5060"), ("[2001:db8::1]", "[2001:db8::1]:5060")] {
            assert_eq!(lookup(host, 5060).await.unwrap(), [address.parse().unwrap()]);
        }
        let failure = lookup("no such\u{1b}host.invalid", 5060).await.unwrap_err();
        assert_eq!((failure.code, failure.kind), ("host-unknown", FailureKind::Unreachable));
        assert!(!failure.message.contains('\u{1b}'), "{failure}");
    }
}
