pub mod clock;
mod os;
pub mod sockets;
mod addresses;
mod listen;
pub mod store {
    use super::*;
    pub const SCHEMA_VERSION: i64 = 1;
    pub fn version_on_disk(_dir: &std::path::Path) -> Result<Option<i64>, Failure> { Ok(None) }
}
mod tcp { pub async fn bind(a: std::net::SocketAddr) -> Result<tokio::net::TcpListener, crate::vocab::Failure> { super::listen_tcp(a).await } }
mod udp { #[allow(clippy::disallowed_methods)] pub async fn bind(a: std::net::SocketAddr) -> Result<tokio::net::UdpSocket, crate::vocab::Failure> { tokio::net::UdpSocket::bind(a).await.map_err(|e| super::sockets::bind_failure("x", a, &e)) } }
pub use clock::Clock;
pub use sockets::SipSockets;
pub use addresses::own_address;
pub use listen::{dial, listen_tcp, listen_unix};
use crate::agent::*;
use crate::vocab::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::sync::broadcast;
pub struct KeyLog;
impl KeyLog { pub fn open(_p: &std::path::Path) -> Result<Self, Failure> { unimplemented!() } }
pub enum Location { Disk(PathBuf), Memory }
pub struct Store;
pub struct Opened { pub store: Store, pub loaded: Loaded, pub device: Device, pub identity: crate::keys::Identity }
impl Store { pub fn open(_l: &Location) -> Result<Opened, Failure> { unimplemented!() } }
pub struct Parts { pub config: AgentConfig, pub loaded: Loaded, pub store: Store, pub sockets: SipSockets, pub keylog: Option<KeyLog> }
pub struct Signalling;
impl Signalling { pub fn start(_p: Parts) -> Result<SignallingHandle, Failure> { unimplemented!() } }
pub fn check_source(_s: &AudioSource) -> Result<(), Failure> { Ok(()) }
#[derive(Clone)]
pub struct SignallingHandle { _x: std::sync::Arc<()> }
impl SignallingHandle {
    pub async fn command(&self, _c: Command) -> Result<Accepted, Failure> { unimplemented!() }
    pub async fn query<R: Send + 'static>(&self, _r: impl FnOnce(&Agent) -> R + Send + 'static) -> Result<R, Failure> { unimplemented!() }
    pub fn events(&self) -> broadcast::Receiver<Event> { unimplemented!() }
    pub async fn stop(&self) {}
    pub async fn stopped(&self) {}
    pub async fn audit(&self, _l: u32, _b: Option<u64>) -> Result<Vec<AuditEntry>, Failure> { unimplemented!() }
    pub async fn history(&self, _l: u32) -> Result<Vec<HistoryEntry>, Failure> { unimplemented!() }
}
pub struct AuditEntry { pub number: u64, pub at: Wall, pub kind: String, pub subject: String, pub detail: String, pub generation: Generation }
pub struct HistoryEntry { pub call: CallId, pub peer: String, pub outgoing: bool, pub started: Wall, pub ended: Wall, pub outcome: String, pub action: String, pub bundle: String, pub suite: Option<String>, pub sent: u64, pub received: u64, pub dropped: BTreeMap<String, u64> }
