//! Who follows us, told to the other devices of our own user and to nobody else: `presence.winfo`, the notifier (RFC 3857).
//! Our own part as a subscriber is `server_watchers`; `notifying` routes to here.
//!
//! | step | carries |
//! | --- | --- |
//! | SUBSCRIBE -> `handle_watchers_asked` | a request, signed as any (PROTOCOL section 4) |
//! | `is_of_our_user` | whether its keys are of one of our user's devices; 403 |
//! | `let_follow`, `handle_watcher_ended`, `let_come_back` -> `watchers_changed` | who came or left |
//! | `handle_informed_timeout` -> NOTIFY | the whole list, paced as any |
//! | SUBSCRIBE within the dialog -> `inform_again` | the whole list at once |
//! | pins, names or accounts change -> `own_devices_changed` | whoever proves nothing any more |

use std::time::Duration;

use super::answer_watcher::{AskersPlace, MAX_EXPIRES};
use super::ask::PIDF;
use super::claim::Claim;
use super::own::uri_host;
use super::publication::PACE;
use super::watchers::StayingWatcher;
use super::Agent;
use crate::policy::Audience;
use crate::presence::{self, Expected, ToldWatcher, WatcherEvent, WatcherStatus, WATCHER_INFO};
use crate::sip::{Body, NotifierId, NotifyState, Refusal, Timed, TimedMap, Uri};
use crate::vocab::{Deadline, Entity, Mono, Now};

/// Of those who left between two lists so many are told; of the others the list says enough.
const MAX_GONE: usize = 64;

/// Devices of our user that are told who follows us.
pub struct Informed(TimedMap<NotifierId, InformedDevice>);

impl Default for Informed {
    fn default() -> Self {
        Self(TimedMap::new())
    }
}

struct InformedDevice {
    claim: Claim,
    /// Whose watchers: one of our names.
    of: Entity,
    /// Of the last list.
    version: Option<u32>,
    told: Mono,
    /// When it is told what has changed.
    due: Option<Mono>,
    /// Who left since the last list that is sure to be sent.
    gone: Vec<ToldWatcher>,
    /// So many of them stand in the last list.
    told_gone: usize,
}

impl Agent {
    /// Who is not proven is refused in the same words, whatever he asks for and whatever is wrong with it.
    pub(super) fn handle_watchers_asked(
        &mut self,
        now: Now,
        id: NotifierId,
        asked: Option<&Uri>,
        expires: Duration,
        body: Option<Body>,
    ) {
        let Some((claim, of)) = body.and_then(|body| self.read_own_request(now, asked, &body)) else {
            return self.endpoint.reject_subscription(now, id, Refusal::new(403, "Forbidden"));
        };
        self.endpoint.believe_subscription(id);
        let device =
            InformedDevice { claim, of, version: None, told: now.mono, due: None, gone: Vec::new(), told_gone: 0 };
        self.informed.0.insert(id, device);
        self.inform_again(now, id, expires);
    }

    /// Who of our user's devices asks, and for which of our names. Whatever is no such request costs the same to find out.
    fn read_own_request(&mut self, now: Now, asked: Option<&Uri>, body: &Body) -> Option<(Claim, Entity)> {
        let document = presence::read(&body.part(PIDF)?.bytes).ok()?;
        let signed = document.tuples.into_iter().find_map(|tuple| tuple.signed)?.ok()?;
        let statement = signed.verify().ok()?;
        let claim = Claim::of(statement);
        let names = self.names();
        // No address of ours: our own request to whoever had it before would be one for us.
        let expected = Expected::request(&names, &self.config.device, now.wall);
        presence::check(statement, &expected).ok()?;
        let of = match &statement.audience {
            Audience::Entity(entity) => self.our_name(entity)?,
            _ => self.name_meant(&names, asked),
        };
        // Or a request for presence, brought here by somebody on its way, would be one for this.
        let asks = statement.request.is_some_and(|wanted| wanted.watchers);
        (asks && self.is_of_our_user(&claim, &of) && self.is_first(now, statement)).then_some((claim, of))
    }

    /// It signs with our own key; or it is, under the name whose watchers it asks for, an older device that vouched for us, one for
    /// which that one or we ourselves vouched, or one whose keys our user approved. A word is for one name.
    fn is_of_our_user(&self, claim: &Claim, of: &Entity) -> bool {
        let ours = self.config.identity.verify_key();
        if claim.keys.0 == ours {
            return true;
        }
        let Some(name) = self.our_name(&claim.entity).filter(|name| name == of) else { return false };
        if claim.is_changed(&self.book) {
            return false;
        }
        let older = self.own.vouches().get(&name).map(|vouch| vouch.key);
        let speaks = |key| key == ours || Some(key) == older;
        speaks(claim.keys.0) || claim.vouched.is_some_and(speaks) || claim.is_pinned(&self.book)
    }

    pub(super) fn is_informed(&self, id: NotifierId) -> bool {
        self.informed.0.contains_key(&id)
    }

    /// The first time, a refresh, or the end: the whole list (RFC 6665 section 4.2.1.2).
    pub(super) fn inform_again(&mut self, now: Now, id: NotifierId, expires: Duration) {
        self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
        match expires.is_zero() {
            true => {
                self.inform(now, id, NotifyState::Terminated { reason: "timeout".into(), retry_after: None });
                self.inform_no_more(id);
            }
            false => self.inform(now, id, NotifyState::Active),
        }
    }

    pub(super) fn inform_no_more(&mut self, id: NotifierId) {
        self.informed.0.remove(&id);
    }

    fn inform(&mut self, now: Now, id: NotifierId, state: NotifyState) {
        let Some(of) = self.informed.0.get(&id).map(|device| device.of.clone()) else { return };
        let mut list = self.told_watchers(now, &of);
        let replaces = self.endpoint.notify_waits(id);
        let Some(device) = self.informed.0.get_mut(&id) else { return };
        let version = device.begin_list(now, replaces);
        list.extend(device.gone.iter().cloned());
        let bytes = presence::write_watchers(version, &of, &list).into();
        self.endpoint.notify(now, id, state, Some(Body { content_type: WATCHER_INFO.into(), bytes }));
    }

    /// Who is proven first, and then who came first: strangers push nobody out of a list that is too long.
    fn told_watchers(&self, now: Now, of: &Entity) -> Vec<ToldWatcher> {
        let mine = self.all_who_follow().filter(|(_, staying)| staying.watcher.asked == *of);
        let mut all: Vec<(bool, ToldWatcher)> = mine
            .map(|(id, staying)| {
                let lasts = self.endpoint.subscription_lasts(now, *id);
                let told = ToldWatcher { lasts, ..self.told_watcher(now, staying) };
                (staying.watcher.known.is_none(), told)
            })
            .collect();
        all.sort_by_key(|(unknown, _)| *unknown);
        all.into_iter().map(|(_, told)| told).chain(self.watchers.waiting.told(now, of)).collect()
    }

    /// As `followers` shows it: who is proven by its name, everybody else by an address, and whether somebody saw it there.
    fn told_watcher(&self, now: Now, staying: &StayingWatcher) -> ToldWatcher {
        let watcher = &staying.watcher;
        let (uri, display_name) = match &watcher.known {
            Some((entity, device)) => {
                let ours = self.book.presence(entity, device).and_then(|row| row.names.user.clone());
                (entity.to_string(), ours)
            }
            None => (format!("sip:{}", uri_host(watcher.place.address)), Some(how_unknown(watcher.place).to_owned())),
        };
        ToldWatcher {
            id: format!("{:016x}", staying.mark),
            uri,
            display_name,
            status: if staying.said.is_some() { WatcherStatus::Active } else { WatcherStatus::Pending },
            event: staying.event,
            subscribed: now.wall.since(staying.since),
            lasts: None,
        }
    }

    pub(super) fn watcher_left(&mut self, now: Now, staying: &StayingWatcher, event: WatcherEvent) {
        if self.informed.0.is_empty() {
            return;
        }
        let told = self.told_watcher(now, staying);
        let gone = ToldWatcher { status: WatcherStatus::Terminated, event, ..told };
        self.watchers_changed(now, &staying.watcher.asked, Some(gone));
    }

    /// Somebody came, or left.
    pub(super) fn watchers_changed(&mut self, now: Now, of: &Entity, gone: Option<ToldWatcher>) {
        let concerned = self.informed.0.iter().filter(|(_, device)| device.of == *of);
        let concerned: Vec<NotifierId> = concerned.map(|(id, _)| *id).collect();
        for id in concerned {
            if let Some(device) = self.informed.0.get_mut(&id) {
                device.due.get_or_insert(now.mono.max(device.told + PACE));
                device.keep_gone(gone.clone());
            }
        }
    }

    pub(super) fn handle_informed_timeout(&mut self, now: Now) {
        for id in self.informed.0.all_due(now.mono) {
            self.inform(now, id, NotifyState::Active);
        }
    }

    pub(super) fn informed_deadline(&self) -> Option<Deadline> {
        self.informed.0.deadline()
    }

    /// Keys may be pinned no more, or the account gone whose watchers they are.
    pub(super) fn own_devices_changed(&mut self, now: Now) {
        let why = |device: &InformedDevice| match () {
            () if !self.is_our_name(&device.of) => Some("noresource"),
            () if !self.is_of_our_user(&device.claim, &device.of) => Some("rejected"),
            () => None,
        };
        let ends = self.informed.0.iter().filter_map(|(id, device)| Some((*id, why(device)?)));
        for (id, reason) in ends.collect::<Vec<_>>() {
            self.inform_no_more(id);
            let state = NotifyState::Terminated { reason: reason.into(), retry_after: None };
            self.endpoint.notify(now, id, state, None);
        }
    }
}

/// Where one is who proved nothing.
pub(super) fn how_unknown(place: AskersPlace) -> &'static str {
    match place.observed {
        true => "unknown, seen there",
        false => "unknown, there as it says",
    }
}

impl InformedDevice {
    /// The number of a list of now. One that takes the place of a list that was never sent takes its number and its farewells too:
    /// the numbers of those that are sent have no gap (RFC 3858).
    fn begin_list(&mut self, now: Now, replaces: bool) -> u32 {
        let version = match self.version {
            None => 0,
            Some(last) if replaces => last,
            Some(last) => last.wrapping_add(1),
        };
        if !replaces {
            self.gone.drain(..self.told_gone.min(self.gone.len()));
        }
        self.told_gone = self.gone.len();
        self.version = Some(version);
        self.told = now.mono;
        self.due = None;
        version
    }

    fn keep_gone(&mut self, gone: Option<ToldWatcher>) {
        let Some(gone) = gone else { return };
        if self.gone.len() >= MAX_GONE {
            self.gone.remove(0);
            self.told_gone = self.told_gone.saturating_sub(1);
        }
        self.gone.push(gone);
    }
}

impl Timed for InformedDevice {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        self.due.map(|at| (at, "who follows us to be told"))
    }
}
