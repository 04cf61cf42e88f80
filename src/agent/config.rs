use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::sound::SoundDevice;
use super::sound_choice::Outlet;
use crate::ice::RelayAccount;
use crate::keys::Identity;
use crate::media::{Gains, TreatmentWish};
use crate::policy::{ApprovalRule, Entry, HardwareAddress, Level, Prefix, QuietHours, Scope};
use crate::sdp::AudioFormat;
use crate::sip::{Host, Locate, Transport, Uri};
use crate::vocab::{shell_word, Device, Entity, Redacted, VerifyKey};

/// What the agent needs to know of its configuration, checked.
pub struct AgentConfig {
    pub entity: Entity,
    pub display_name: Option<String>,
    pub device: Device,
    pub identity: Identity,
    /// Where we register.
    pub accounts: Vec<AccountConfig>,
    /// The addresses that really are bound, the first one is ours in Contact and SDP.
    pub listen: Vec<Listen>,
    /// Media sockets are bound here.
    pub media_address: IpAddr,
    /// When the machine loses that address, we go to the one that it has then.
    pub follows: bool,
    /// T1 of RFC 3261 section 17.1.1.1.
    pub t1: Duration,
    pub answer: AnswerMode,
    pub answering: Answering,
    pub audio_source: AudioSource,
    pub audio_sink: AudioSink,
    /// Pauses need not be sent, where that is allowed: who sees the packets sees who speaks when.
    pub comfort_noise: bool,
    /// Milliseconds of sound that we would like in each packet of a peer.
    pub ptime: u16,
    /// How keys of our telephone go.
    pub dtmf: DtmfWay,
    /// Of what devices and other programs give and get.
    pub gains: Gains,
    /// What is done to our user's voice.
    pub treatment: TreatmentWish,
    /// Where it rings; `None`: where calls are heard.
    pub ring: Option<Outlet>,
    /// Those that are spoken, the preferred first; never empty.
    pub codecs: Vec<AudioFormat>,
    pub places: Vec<Place>,
    pub unknown_watchers: UnknownWatchers,
    /// Peers may put proposals of a looser policy to our user; without it they are refused.
    pub take_proposals: bool,
    /// What `default` means in an entry: never itself `Default`.
    pub default_level: Level,
    /// The default entry for everybody else, out then in.
    pub default_policy: Vec<Entry>,
    /// It runs until it is stopped, and not for one command: it follows whom its user watches.
    pub stays: bool,
    /// It is there for a look into its database: it registers nothing and publishes nothing.
    pub only_looks: bool,
    /// Keys for SRTP in session descriptions (RFC 4568) may go, and come, by UDP and TCP too.
    pub sdes_without_tls: bool,
    /// By which ways an ordinary telephone and we come to keys for SRTP, the preferred first.
    pub srtp_keys: Vec<SrtpKeying>,
    /// What we show in a handshake of DTLS; without it that way is closed.
    pub dtls: Option<std::sync::Arc<crate::dtls::Identity>>,
    /// How many times what a telephone of one user needs may be remembered for others.
    pub limits: usize,
    pub prompts: Prompts,
    pub nat: NatConfig,
    /// We are a gateway for others.
    pub gateway: Option<GatewayConfig>,
    /// Write the SAs of each call for a packet analyser. Dangerous.
    pub keylog: bool,
    /// Nobody but the holder of this key is answered; without it everybody is.
    pub serves: Option<VerifyKey>,
}

/// For whom we are the far end of a tunnel, and where what is in it may go (item 831).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayConfig {
    /// By their approved keys.
    pub users: Vec<Entity>,
    /// Inner destinations, and the ports there.
    pub destinations: Vec<Prefix>,
    pub ports: RangeInclusive<u16>,
    /// Packets a second of one tunnel, both ways together.
    pub rate: u32,
    /// Most tunnels at once.
    pub tunnels: usize,
}

/// How media finds its way through NATs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatConfig {
    pub ice: IceUse,
    /// Servers of STUN, `host:port`.
    pub stun: Vec<String>,
    /// The server of TURN that relays where nothing else leads to the peer.
    pub turn: Option<RelayAccount>,
}

impl NatConfig {
    /// Somebody can be asked from where others see us.
    pub fn has_server(&self) -> bool {
        !self.stun.is_empty() || self.turn.is_some()
    }
}

/// Whether ICE is offered; what is offered is answered, but where it is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IceUse {
    /// Where a server says how others see us, and a NAT may be on the way.
    #[default]
    Auto,
    Off,
    On,
}

/// What else rules calls that come, besides [`AnswerMode`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answering {
    /// What becomes of one that comes in another.
    pub waiting: CallWaiting,
    /// Contacts of these groups are answered without asking our user, where he has no other call and it is not quiet.
    pub groups: Vec<String>,
    /// The same of these contacts, by their names.
    pub contacts: Vec<String>,
}

/// What becomes of a call that comes while our user has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallWaiting {
    /// 486.
    Busy,
    /// It rings, or is answered, as without the other.
    #[default]
    Ring,
}

/// How our user is asked, and when not.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompts {
    /// Without an answer for so long a review counts as refused.
    pub review_limit: Duration,
    /// The same of a watcher that waits.
    pub watcher_limit: Duration,
    pub quiet: Option<QuietHours>,
    /// In the order in which they are tried.
    pub approvals: Vec<ApprovalRule>,
}

impl Default for Prompts {
    fn default() -> Self {
        let limit = Duration::from_secs(600);
        Self { review_limit: limit, watcher_limit: limit, quiet: None, approvals: Vec::new() }
    }
}

/// An address of record at a registrar (RFC 3261 section 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountConfig {
    pub entity: Entity,
    /// Where its requests go: the registrar, or a proxy before it; the domain of the entity where nothing is named.
    pub proxy: Hop,
    /// A second one, by which requests reach us too, where the registrar knows outbound (RFC 5626), and when the first is away.
    pub beside: Option<Hop>,
    /// The name that goes with the password.
    pub user: String,
    pub password: Option<Redacted<String>>,
    /// In which user and password hold: other challenges than those to REGISTER are answered there only.
    pub realm: String,
    /// Registered, and published, for so long at a time.
    pub expires: Duration,
    /// What strangers may know is to stand at its presence server (RFC 3903).
    pub publish: bool,
    /// Its presence server is asked who follows what is published there (RFC 3857).
    pub watchers: bool,
    /// Its server is asked for messages that wait (RFC 3842).
    pub mailbox: bool,
    /// Where local phone numbers are valid: `+4930`, or a domain (RFC 3966 section 5.1.5).
    pub phone_context: Option<String>,
}

/// Longest password, in octets.
const MAX_PASSWORD: usize = 512;

impl AccountConfig {
    /// With the defaults of all that is not named. Where no proxy is, it is the domain, of which DNS says where its proxy is.
    pub fn new(entity: Entity, proxy: Option<Hop>) -> Self {
        let named = || Hop { host: entity.host().to_owned(), port: None, transport: None };
        let proxy = proxy.or_else(|| Hop::parse(entity.host())).unwrap_or_else(named);
        Self {
            proxy: proxy.settled(entity.as_str().starts_with("sips:")),
            user: entity.user().map(str::to_owned).unwrap_or_default(),
            password: None,
            realm: entity.host().to_owned(),
            expires: Duration::from_secs(3600),
            publish: true,
            watchers: true,
            mailbox: false,
            beside: None,
            phone_context: None,
            entity,
        }
    }

    /// Who we are by it. `sips:` says by which way somebody is reached, and names nobody else.
    pub fn name(&self) -> Entity {
        Entity::parse(&format!("sip:{}", without_scheme(&self.entity))).unwrap_or_else(|_| self.entity.clone())
    }

    /// Whether that is this name, by `sip:` or `sips:`.
    pub fn is_named(&self, name: &Entity) -> bool {
        without_scheme(&self.entity) == without_scheme(name)
    }

    /// With a second proxy beside the first (RFC 5626 section 4.2).
    pub fn with_beside(mut self, beside: Option<Hop>) -> Self {
        self.beside = beside.map(|proxy| proxy.settled(self.entity.as_str().starts_with("sips:")));
        self
    }

    /// `sips:` goes by TLS only.
    pub fn contradicts_its_proxy(&self) -> bool {
        let in_clear = |hop: &Hop| hop.transport.is_some_and(|transport| !transport.is_secure());
        self.entity.as_str().starts_with("sips:")
            && (in_clear(&self.proxy) || self.beside.as_ref().is_some_and(in_clear))
    }

    /// A text that can be a password: 1 to 512 octets, no control characters.
    pub fn is_password(text: &str) -> bool {
        !text.is_empty() && text.len() <= MAX_PASSWORD && !text.chars().any(char::is_control)
    }

    /// A context of local phone numbers (RFC 3966 section 3): `+` and digits, or a domain name.
    pub fn is_phone_context(text: &str) -> bool {
        let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
        let name = |c: u8| c.is_ascii_alphanumeric() || b"-.".contains(&c);
        let domain = text.bytes().any(|b| b.is_ascii_alphabetic()) && text.bytes().all(name);
        text.len() <= 128 && text.strip_prefix('+').map_or(domain, digits)
    }

    /// The command that adds it as it is, its password excepted.
    pub(super) fn adding(&self) -> String {
        let usual = Self::new(self.entity.clone(), None);
        let option = |name: &str, value: Option<String>| value.map(|value| format!(" --{name} {value}"));
        let flag = |name: &str, set: bool| set.then(|| format!(" --{name}"));
        // A first proxy that is usual has to be named beside a second all the same.
        let first = self.proxy != usual.proxy || self.beside.is_some();
        let said = [
            option("proxy", first.then(|| self.proxy.to_string())),
            option("second-proxy", self.beside.as_ref().map(ToString::to_string)),
            option("user", (self.user != usual.user).then(|| quoted(&self.user))),
            option("realm", (self.realm != usual.realm).then(|| quoted(&self.realm))),
            option("expires", (self.expires != usual.expires).then(|| self.expires.as_secs().to_string())),
            option("phone-context", self.phone_context.clone()),
            flag("no-publish", !self.publish),
            flag("no-watchers", !self.watchers),
            flag("mailbox", self.mailbox),
        ];
        let said: String = said.into_iter().flatten().collect();
        format!("sottovoce account add {}{said}", shell_word(self.entity.as_str()))
    }

    pub fn locate(&self, proxy: &Hop) -> Locate {
        let Hop { host, port, transport } = proxy.clone();
        Locate { host, port, transport, secure: self.entity.as_str().starts_with("sips:") }
    }

    /// What the proxy must prove, by TLS: the domain that the user named, wherever DNS has it (RFC 5922 section 4).
    pub fn domain(&self, by: Transport) -> Option<Host> {
        let uri = Uri::parse(self.entity.as_str()).ok();
        let host = uri.and_then(|uri| uri.host().cloned());
        // One that cannot be read is proven by nobody.
        let domain = host.unwrap_or_else(|| Host::Name(self.entity.host().into()));
        by.is_secure().then_some(domain)
    }
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    shell_word(&crate::vocab::escape(text))
}

fn without_scheme(entity: &Entity) -> &str {
    let text = entity.as_str();
    text.strip_prefix("sips:").or_else(|| text.strip_prefix("sip:")).unwrap_or(text)
}

/// The next hop, by name or address. What is not named is found by RFC 3263.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Without brackets.
    pub host: String,
    pub port: Option<u16>,
    /// By TLS the certificate must prove the account's domain (RFC 5922 section 4).
    pub transport: Option<Transport>,
}

impl Hop {
    /// `udp:192.0.2.1:5060`, `tcp:[2001:db8::1]:5060`, `tls:sip.example.org`, `example.org`: what is not named is looked for.
    pub fn parse(text: &str) -> Option<Self> {
        let (transport, rest) = match text.split_once(':') {
            Some(("tcp", rest)) => (Some(Transport::Tcp), rest),
            Some(("tls", rest)) => (Some(Transport::Tls), rest),
            Some(("udp", rest)) => (Some(Transport::Udp), rest),
            Some(("ws", rest)) => (Some(Transport::Ws), rest),
            Some(("wss", rest)) => (Some(Transport::Wss), rest),
            _ => (None, text),
        };
        let (host, port) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']')?,
            None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
        };
        let port = match port {
            "" => None,
            port => Some(port.strip_prefix(':')?.parse().ok().filter(|port| *port > 0)?),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        let fits = !host.is_empty() && host.len() <= 253 && host.chars().all(fits);
        fits.then(|| Self { host: host.to_owned(), port, transport })
    }

    /// The same where a user wrote it: machines take any number for an address, 5060 for 0.0.19.196, and that is not meant.
    pub fn typed(text: &str) -> Option<Self> {
        let is_host =
            |hop: &Self| hop.host.parse::<IpAddr>().is_ok() || matches!(Host::parse(&hop.host), Some(Host::Name(_)));
        Self::parse(text).filter(is_host)
    }

    /// With an address there is nothing to look for.
    fn settled(mut self, secure: bool) -> Self {
        if self.host.parse::<IpAddr>().is_ok() {
            let usual = if secure { Transport::Tls } else { Transport::Udp };
            let transport = *self.transport.get_or_insert(usual);
            self.port.get_or_insert(transport.default_port());
        }
        self
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(transport) = self.transport {
            write!(f, "{transport}:")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => write!(f, "{}", self.host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    pub transport: Transport,
    pub address: SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerMode {
    Auto,
    Prompt,
    Reject,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioSource {
    Device(SoundDevice),
    /// What the peer says, a moment later.
    Echo,
    /// A WAV file, played once, then silence.
    File(PathBuf),
    /// A program at a FIFO or a Unix socket.
    Pipe(PathBuf),
    Silence,
    /// A sine of so many hertz.
    Tone(u32),
}

impl fmt::Display for AudioSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(device) => device.fmt(f),
            Self::Echo => f.write_str("echo"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Pipe(path) => write!(f, "pipe:{}", path.display()),
            Self::Silence => f.write_str("silence"),
            Self::Tone(hertz) => write!(f, "tone:{hertz}"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioSink {
    Device(SoundDevice),
    /// A WAV file, PCM16 mono 8 kHz.
    File(PathBuf),
    Discard,
    /// A program at a FIFO or a Unix socket.
    Pipe(PathBuf),
}

impl AudioSink {
    /// `None` for what is no ear: a file, another program.
    pub fn outlet(&self) -> Option<Outlet> {
        match self {
            Self::Device(device) => Some(Outlet::Device(device.clone())),
            Self::Discard => Some(Outlet::None),
            Self::File(_) | Self::Pipe(_) => None,
        }
    }
}

impl fmt::Display for AudioSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(device) => device.fmt(f),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Discard => f.write_str("none"),
            Self::Pipe(path) => write!(f, "pipe:{}", path.display()),
        }
    }
}

/// A network that has a name (PROTOCOL section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    pub scope: Scope,
    pub networks: Vec<Prefix>,
    /// Of its gateways. Any: an address of its networks is there only behind one of these, and that is better evidence.
    pub gateways: Vec<HardwareAddress>,
}

/// What a watcher that we do not know may learn (PROTOCOL section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownWatchers {
    /// The user is asked; the subscription is pending until then.
    Ask,
    Block,
    /// Policy and key, no place and no address beyond our contact.
    Policy,
    /// Policy, key and place.
    Place,
}

/// How keys of our telephone go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DtmfWay {
    /// In RTP where the peer takes them so, otherwise by INFO.
    #[default]
    Auto,
    Info,
    Rtp,
}

/// A way to keys for SRTP with an ordinary telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpKeying {
    /// By a handshake on the media port (RFC 5763).
    Dtls,
    /// They stand in the call's messages (RFC 4568).
    Sdes,
}

impl SrtpKeying {
    pub const ALL: [Self; 2] = [Self::Dtls, Self::Sdes];

    pub fn name(self) -> &'static str {
        match self {
            Self::Dtls => "dtls",
            Self::Sdes => "sdes",
        }
    }
}
