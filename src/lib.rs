//! sottovoce: a secure SIP telephone. This is the fifteen-minute page; start here.
//!
//! Before a call it asks the peer where it is (presence) and how packets to it are to be protected (policy), shows both,
//! lets the user approve or tighten, registers the answer, and then treats every voice packet by what is registered.
//!
//! # Rooms, top down
//!
//! | room | what | may name |
//! | --- | --- | --- |
//! | [`ui`] | `http`: the control door; `cli`: its client and the screens | `app::control`, `vocab` |
//! | [`app`] | this process: configuration, wiring, and `control`, the typed API of every user interface | all below |
//! | [`io`] | the hands: clock, sockets, sound files, the store, the signalling and the media loop | all below |
//! | [`agent`] | pure, the brain: what a user's request means over time | all below |
//! | [`media`] | pure: codec, RTP, playout (adaptive delay, stretching, concealment), the `Stream`, and a gateway's `Forwarder` | `policy`, `ipsec`, `srtp`, `dtls` |
//! | [`keys`] | pure: identity, key agreement, the only maker of SAs | `policy`, `sdp`, `ipsec` |
//! | [`sip`] | pure: messages, transactions, dialogs, subscriptions, sessions | |
//! | [`sdp`] | pure: session descriptions, offer and answer | |
//! | [`presence`] | pure: the PIDF document, its canonical text and signature | `policy` |
//! | [`ipsec`] | pure: ESP, AH and IPComp in UDP, transport and tunnel mode, anti-replay, SAs | `policy` |
//! | [`dtls`] | pure: the handshake by which ordinary telephones agree on keys for SRTP | `srtp` |
//! | [`ice`] | pure: STUN, TURN and ICE, the way of media through NATs | `sdp`, `sip` |
//! | [`srtp`] | pure: SRTP and SRTCP, what ordinary telephones protect media with | |
//! | [`policy`] | pure, the point of the project: entries, tighter and looser, review, lookup | |
//! | [`vocab`] | words that several rooms share | |
//!
//! Every room may name [`vocab`]. Pure means: no clock, socket, disk, thread or hidden randomness; time comes in as
//! [`vocab::Now`], randomness as a seed. `tests/architecture` enforces all of this.
//!
//! # Three journeys
//!
//! 1. **Ask, review, approve.** `ui` -> `app::control` -> [`agent`] (`ask.rs`): SUBSCRIBE with our signed request. The
//!    NOTIFY's document goes through [`presence`], becomes a [`policy::Statement`], is held against our entries as a
//!    [`policy::Review`], and waits for the user. The answer is a [`policy::Approved`]; `io::store` makes it durable
//!    together with its audit row; only then [`policy::Spd`] changes, for the agent and for every stream.
//! 2. **A call.** The SPD first. The key agreement ([`keys`]) rides in offer and answer ([`sdp`], [`sip`]) and yields
//!    [`keys::Confirmed`], which alone makes SAs. The [`media::Stream`] moves into the media loop: codec -> RTP -> lookup
//!    -> seal -> UDP, and back: which protocol -> replay -> open -> inbound policy check -> RTP -> jitter -> codec. A
//!    callee that demands more answers 488 with its statement, and the caller reviews what is missing.
//! 3. **The device moves.** `io::network_watch` (netlink) tells how things stand; [`agent`] (`movement.rs`) judges its place anew and, where its
//!    address is gone, listens at the one that there is: contact, registrations, publication, watchers follow. Each call
//!    (`call/moved.rs`) is offered anew from there under fresh keys (`call/rekey.rs`, the other side `call/rekeyed.rs`), and its stream goes
//!    over from one generation of SAs to the next. Both users see what is advised now, and tighten (`call/tighten.rs`) or propose less
//!    (`call/relax.rs`).
//!
//! Two side paths: a **looser policy** is negotiated (`propose.rs`, `consider.rs`, `negotiate.rs`, `agreed.rs`; PROTOCOL section 6), and a running call
//! goes on under it (`call/loosen.rs`); a **gateway** may be a tunnel's end (`call/through.rs` at the telephone, `call/forwarding.rs` at the
//! gateway, `docs/gateway.md`). `sip:echo@localhost` is a second agent in the process, for trying all of this alone (`app/echo.rs`).
//!
//! # Words
//!
//! An *entry* is one line of the policy database. A *statement* is what a device says of itself, untrusted until
//! reviewed. A *review* is the question put to the user. *Approved* is the answer, and nothing else reaches the
//! database. A *call* is ours, a *dialog* is SIP's, a *stream* is one media leg. There is never a bare "policy".

pub mod agent;
pub mod app;
pub mod dtls;
pub mod ice;
pub mod io;
pub mod ipsec;
pub mod keys;
pub mod media;
pub mod policy;
pub mod presence;
pub mod sdp;
pub mod sip;
pub mod srtp;
pub mod ui;
pub mod vocab;
