//! The hands: clock, sockets, disk, sound files, and the two loops that drive the pure rooms.
//!
//! | file | what it alone may do |
//! | --- | --- |
//! | [`clock`] | read a clock |
//! | [`udp`], [`tcp`], [`sockets`] | open SIP sockets |
//! | [`tls`] | look at certificates, and at our own key for TLS |
//! | `browser` | have the desktop open a page |
//! | `built_in` | find the peer that runs in this process |
//! | `listen` | open the control door's sockets |
//! | [`resolver`] | ask name servers |
//! | `network_watch` | ask the system for its networks, and be told of changes |
//! | [`store`] | touch the data directory: database, lock, secret key |
//! | `dtls_identity` | make a key and a certificate for DTLS |
//! | `private` | make files and directories that are this user's alone |
//! | [`disk`] | try whether a directory takes a file |
//! | [`media_loop`] | open media sockets, own [`Stream`](crate::media::Stream)s, threads that share them |
//! | [`audio`] | read and write sound files |
//! | [`keylog`] | write session keys, only when told to |
//! | `packet_log` | write media datagrams as the network sees them, only when told to |
//! | [`signalling_loop`] | own the [`Agent`](crate::agent::Agent): everything above meets there |
//!
//! Every queue between them is bounded; each says what happens when it is full.

mod addresses;
pub mod audio;
mod browser;
mod built_in;
pub mod clock;
pub mod disk;
mod dtls_identity;
mod fair_queue;
pub mod keylog;
mod listen;
pub mod media_loop;
mod network_watch;
mod os;
mod owner;
mod packet_log;
mod private;
pub mod resolver;
pub mod signalling_loop;
pub mod sockets;
pub mod store;
pub mod tcp;
pub mod tls;
pub mod udp;

pub use addresses::own_address;
pub use audio::{check_sink, check_source, list_devices, FoundDevice, Rehearsal};
pub use browser::open_in_browser;
pub use built_in::BuiltIn;
pub use clock::Clock;
pub use dtls_identity::dtls_identity;
pub use keylog::KeyLog;
pub use listen::{dial, listen_tcp, listen_unix};
pub use os::stay_small;
pub use owner::Owner;
pub use private::{make_private_dir, write_private};
pub use resolver::Resolver;
pub use signalling_loop::{Parts, Signalling, SignallingHandle};
pub use sockets::SipSockets;
pub use store::{AuditEntry, ChangeEntry, Changed, HistoryEntry, HistoryFilter, Location, Opened, Store};
pub use tls::{Tls, TlsFiles};
