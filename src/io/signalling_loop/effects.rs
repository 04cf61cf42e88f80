//! What the agent wants done, one function an effect. None of them waits.

use std::net::SocketAddr;

use tokio::sync::mpsc;

use super::Signalling;
use crate::agent::{Done, Effect, Event, StoreOp, Stored};
use crate::ice::Gathering;
use crate::io::store::Place;
use crate::io::BuiltIn;
use crate::sip::{Candidate, Locate, Transport};
use crate::vocab::{CallId, EffectId, Failure, FailureKind, Redacted};

impl Signalling {
    pub(super) fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::CloseMedia { call, bye } => self.answered.extend(self.media.close(call, bye)),
            Effect::DropStream { call } => self.media.drop_stream(call),
            Effect::Dial { call, digits } => self.media.dial(call, digits),
            Effect::HoldStream { call, held } => self.media.hold(call, held),
            Effect::MuteStream { call, muted } => self.media.mute(call, muted),
            Effect::RecordStream { call, recording } => self.answered.extend(self.media.record(call, recording)),
            Effect::BridgeStreams { calls, together } => self.media.confer(calls, together),
            Effect::Signal(wanted) => self.bell.sound(wanted),
            Effect::SetGains(gains) => self.media.set_gains(gains),
            Effect::SetTreatment(wish) => self.media.set_treatment(wish),
            Effect::UseSound { call, source, sink } => {
                let changed = self.media.use_sound(call, source.as_ref(), sink.as_ref());
                self.answered.extend(changed.err().map(|failure| Done::StreamFailed { call, failure }));
            }
            Effect::SetFormats { call, formats } => self.media.set_formats(call, formats),
            Effect::Keylog { esp_sa, json } => self.log_keys(&esp_sa, &json),
            Effect::Locate { id, what, seed } => self.locate(id, what, seed),
            // It waits for sockets: done in `perform`.
            Effect::Listen { .. } => {}
            Effect::OpenMediaBeside { call, local, gathering } => {
                let result = self.media.open_beside(call, local);
                self.media_opened(call, result, gathering);
            }
            Effect::ConnectMedia { call, from, to } => self.media.connect(call, from, to),
            Effect::OpenMedia { call, local, gathering, by_tcp } => {
                let result = match by_tcp {
                    true => self.media.open_by_tcp(call, local),
                    false => self.media.open(call, local),
                };
                self.media_opened(call, result, gathering);
            }
            Effect::RekeyStream { call, rekeying } => self.media.rekey(call, rekeying),
            Effect::SetIce { call, ice } => self.media.set_ice(call, ice),
            Effect::SetKnown { known } => self.media.set_known(&known),
            Effect::SetSpd { spd } => self.media.set_spd(&spd),
            Effect::StartForwarder { call, forwarder } => {
                let started = self.media.forward(call, forwarder);
                self.answered.extend(started.err().map(|failure| Done::StreamFailed { call, failure }));
            }
            Effect::StartStream { call, stream, source, sink } => {
                let started = self.media.start(call, stream, source, sink);
                self.answered.extend(started.err().map(|failure| Done::StreamFailed { call, failure }));
            }
            Effect::Store { id, op } => self.store(id, op),
        }
    }

    /// Answers at once, or when it is known from where others see the socket.
    fn media_opened(&mut self, call: CallId, result: Result<SocketAddr, Failure>, gathering: Option<Box<Gathering>>) {
        match (&result, gathering) {
            (Ok(local), Some(gathering)) => self.media.gather(call, *local, *gathering, self.resolver.clone()),
            _ => self.answered.push_back(Done::MediaOpened { call, result, ice: None }),
        }
    }

    fn store(&mut self, id: EffectId, op: StoreOp) {
        self.storing += 1;
        let let_go = self.backlog.push(id, op);
        self.answered.extend(let_go.map(|(id, result)| Done::Stored { id, result }));
        self.store_at_once();
    }

    /// Gives the store what it has places for now.
    pub(super) fn store_at_once(&mut self) {
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

    fn locate(&mut self, id: EffectId, what: Locate, seed: [u8; 32]) {
        let Ok(permit) = std::sync::Arc::clone(&self.lookups).try_acquire_owned() else {
            self.answered.push_back(Done::Located { id, result: Err(too_many(&what.host)) });
            return;
        };
        let (dones, resolver) = (self.dones.clone(), self.resolver.clone());
        tokio::spawn(async move {
            let result = match resolver.built_in(&what) {
                Some(built_in) => find(&*built_in, &dones).await,
                None => resolver.locate(what, seed).await,
            };
            drop(permit);
            let _ = dones.send(Done::Located { id, result }).await;
        });
    }

    fn log_keys(&mut self, esp_sa: &[Redacted<String>], json: &[Redacted<String>]) {
        let Some(keylog) = &mut self.keylog else { return };
        if let Err(failure) = keylog.append(esp_sa, json) {
            let _ = self.events.send(Event::Notice(failure));
        }
    }
}

/// By which keys it is known is told before anybody can speak to it.
async fn find(built_in: &dyn BuiltIn, dones: &mpsc::Sender<Done>) -> Result<Vec<Candidate>, Failure> {
    let found = built_in.find().await?;
    let _ = dones.send(Done::BuiltInFound(found)).await;
    Ok(vec![Candidate { address: found.address, transport: Transport::Udp }])
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
