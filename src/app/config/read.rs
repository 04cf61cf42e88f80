use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::document::{Section, Source, Value};
use super::{account, gateway, nat, prompts, tls, value, Config, Machine, StoreKind};
use crate::agent::{
    AnswerMode, Answering, AudioSink, AudioSource, DtmfWay, Listen, NatConfig, Outlet, Place, Prompts, SrtpKeying,
    UnknownWatchers,
};
use crate::io::TlsFiles;
use crate::media::{Gains, TreatmentWish};
use crate::policy::{
    both_directions, setkey, Action, Direction, Entry, HardwareAddress, Level, Mode, Origin, Prefix, Protocol, Rule,
    Scope, Selector,
};
use crate::sdp::{AudioFormat, PACKET_TIMES, PTIME};
use crate::sip::Transport;
use crate::vocab::{Entity, Failure};

const SECTIONS: [&str; 19] = [
    "account",
    "entity",
    "display-name",
    "sip",
    "tls",
    "control",
    "audio",
    "answer",
    "place",
    "watchers",
    "policy",
    "store",
    "limits",
    "prompts",
    "quiet",
    "approve",
    "gateway",
    "srtp",
    "nat",
];

const AUDIO: [&str; 12] = [
    "input",
    "output",
    "ring",
    "input-gain",
    "output-gain",
    "echo-cancellation",
    "noise-suppression",
    "gain-control",
    "codecs",
    "comfort-noise",
    "ptime",
    "dtmf",
];

/// Checks all of `text` and fills in what it does not say.
pub(super) fn read(
    text: &str,
    file: Option<PathBuf>,
    data_dir: PathBuf,
    machine: &Machine<'_>,
) -> Result<Config, Failure> {
    let name = file.as_deref().map_or_else(|| "the configuration".to_owned(), |file| file.display().to_string());
    let source = Source { file: &name, text };
    let table = source.parse()?;
    let top = source.top(&table, &SECTIONS)?;
    let mut config = defaults(file, data_dir, machine);
    let base = config.file.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
    identity(&top, &mut config, machine)?;
    sip(&top, &mut config)?;
    config.tls = tls::files(&top, &config.listen, &base)?;
    audio(&top, &mut config, &base)?;
    people(&top, &mut config)?;
    policy(&top, &mut config)?;
    limits(&top, &mut config)?;
    srtp(&top, &mut config)?;
    config.nat = nat::nat(&top, &base, machine)?;
    config.prompts = prompts::prompts(&top, machine)?;
    config.gateway = gateway::gateway(&top)?;
    config.places = top
        .sections("place", &["name", "scope", "networks", "gateways"])?
        .iter()
        .map(place)
        .collect::<Result<_, _>>()?;
    let accounts = top.sections("account", &account::KEYS)?;
    config.accounts = account::accounts(&accounts, &config.entity, &base, machine)?;
    Ok(config)
}

fn limits(top: &Section<'_, '_>, config: &mut Config) -> Result<(), Failure> {
    let Some(section) = top.section("limits", &["times"])? else { return Ok(()) };
    let times = section.read("times", |v| v.number(1..=10_000, "times what one user's telephone needs"))?;
    set(&mut config.limits, times.and_then(|times| usize::try_from(times).ok()));
    Ok(())
}

fn srtp(top: &Section<'_, '_>, config: &mut Config) -> Result<(), Failure> {
    let Some(section) = top.section("srtp", &["keys", "sdes-without-tls"])? else { return Ok(()) };
    set(&mut config.srtp_keys, section.read("keys", srtp_keys)?);
    set(&mut config.sdes_without_tls, section.read("sdes-without-tls", |v| v.flag())?);
    Ok(())
}

fn srtp_keys(value: &Value<'_, '_>) -> Result<Vec<SrtpKeying>, Failure> {
    let expected = "one or both of \"dtls\" and \"sdes\", the preferred first";
    let one = |text: &str| SrtpKeying::ALL.into_iter().find(|way| way.name() == text);
    let all = value.items(expected)?.iter().map(|item| item.text(expected, one)).collect::<Result<Vec<_>, _>>()?;
    match all.as_slice() {
        [_] => Ok(all),
        [first, second] if first != second => Ok(all),
        _ => Err(value.refuse(expected)),
    }
}

fn defaults(file: Option<PathBuf>, data_dir: PathBuf, machine: &Machine<'_>) -> Config {
    Config {
        file,
        data_dir,
        entity: default_entity(machine),
        display_name: None,
        accounts: Vec::new(),
        listen: vec![by_udp(machine.address)],
        dns: Vec::new(),
        tls: TlsFiles::default(),
        t1: Duration::from_millis(500),
        control: SocketAddr::from((Ipv4Addr::LOCALHOST, 8060)),
        audio_source: AudioSource::Silence,
        audio_sink: AudioSink::Discard,
        comfort_noise: false,
        ptime: PTIME,
        dtmf: DtmfWay::Auto,
        gains: Gains::default(),
        treatment: TreatmentWish::default(),
        ring: None,
        codecs: AudioFormat::ALL.to_vec(),
        answer: AnswerMode::Prompt,
        answering: Answering::default(),
        limits: 1,
        follows: false,
        places: Vec::new(),
        unknown_watchers: UnknownWatchers::Policy,
        take_proposals: true,
        prompts: Prompts::default(),
        gateway: None,
        nat: NatConfig::default(),
        sdes_without_tls: false,
        srtp_keys: SrtpKeying::ALL.to_vec(),
        default_level: Level::Require,
        default_policy: default_policy(),
        store: StoreKind::Sqlite,
        assumed: Vec::new(),
    }
}

/// `sip:USER@ADDRESS`, `sip:ADDRESS` when the login name cannot stand in a URI.
fn default_entity(machine: &Machine<'_>) -> Entity {
    let host = uri_host(machine.address);
    let user = ["USER", "LOGNAME"].iter().find_map(|name| (machine.variable)(name));
    user.and_then(|user| Entity::parse(&format!("sip:{user}@{host}")).ok())
        .or_else(|| Entity::parse(&format!("sip:{host}")).ok())
        .expect("an address is a host of a URI")
}

fn uri_host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// As shipped: `ipsec esp/transport//require` with everybody, both ways (PROTOCOL section 2).
fn default_policy() -> Vec<Entry> {
    let esp = Rule { protocol: Protocol::Esp, mode: Mode::Transport, level: Level::Require };
    let out = Entry { origin: Origin::Config, ..Entry::new(Selector::ANY, Direction::Out, Action::Ipsec(vec![esp])) };
    vec![out.clone(), out.mirror()]
}

fn identity(top: &Section<'_, '_>, config: &mut Config, machine: &Machine<'_>) -> Result<(), Failure> {
    let expected = "a SIP URI of your own, \"sip:alice@192.168.1.1\" (sip:echo@localhost is the peer that is built in)";
    match top.read("entity", |v| v.text(expected, value::own_entity))? {
        Some(entity) => config.entity = entity,
        None => config.assumed.push(format!("entity is not configured: {} is used", config.entity)),
    }
    config.display_name = top.read("display-name", |v| v.text("a name of 1 to 128 octets", value::name))?;
    let host = config.entity.host().trim_matches(['[', ']']).parse().unwrap_or(machine.address);
    config.listen = vec![by_udp(host)];
    Ok(())
}

fn sip(top: &Section<'_, '_>, config: &mut Config) -> Result<(), Failure> {
    let section = top.section("sip", &["listen", "follow", "t1-ms", "dns"])?;
    let listen = section.as_ref().map(|s| s.read("listen", listen)).transpose()?.flatten();
    let is_assumed = listen.is_none();
    match listen {
        Some(listen) => config.listen = listen,
        None => config.assumed.push(format!("sip.listen is not configured: udp:{} is used", config.listen[0].address)),
    }
    let follow = section.as_ref().map(|s| s.read("follow", |v| v.flag())).transpose()?.flatten();
    config.follows = follow.unwrap_or(is_assumed) && is_one_place(&config.listen);
    let dns = section.as_ref().map(|s| s.read("dns", name_servers)).transpose()?.flatten();
    set(&mut config.dns, dns);
    if let Some(ms) = section.map(|s| s.read("t1-ms", |v| v.number(10..=10_000, "milliseconds"))).transpose()?.flatten()
    {
        config.t1 = Duration::from_millis(ms);
    }
    if let Some(section) = top.section("control", &["listen"])? {
        let expected = "a loopback address and a port, \"127.0.0.1:8060\"";
        set(&mut config.control, section.read("listen", |v| v.text(expected, value::loopback))?);
    }
    Ok(())
}

fn name_servers(value: &Value<'_, '_>) -> Result<Vec<SocketAddr>, Failure> {
    let expected = "a list of one to four name servers, in brackets: [\"udp:192.0.2.53:53\"]";
    let items = value.items(expected)?;
    if items.is_empty() || items.len() > 4 {
        return Err(value.refuse_because(&format!("there are {} name servers", items.len()), expected));
    }
    items.iter().map(|item| item.text("\"udp:ADDRESS:PORT\"", value::name_server)).collect()
}

fn by_udp(address: IpAddr) -> Listen {
    Listen { transport: Transport::Udp, address: SocketAddr::new(address, 5060) }
}

fn listen(value: &Value<'_, '_>) -> Result<Vec<Listen>, Failure> {
    let expected = "a list of one to eight addresses of this machine, in brackets: [\"udp:192.168.1.1:5060\"]";
    let items = value.items(expected)?;
    if items.is_empty() || items.len() > 8 {
        return Err(value.refuse_because(&format!("there are {} addresses to listen on", items.len()), expected));
    }
    let each = "\"udp:ADDRESS:PORT\", where TCP is listened for too, or \"tls:ADDRESS:PORT\"";
    let all: Vec<Listen> = items.iter().map(|item| item.text(each, value::listen)).collect::<Result<_, _>>()?;
    if all.iter().all(|listen| listen.transport == Transport::Tls) {
        return Err(
            value.refuse_because("there is nothing but TLS to listen on", "one of \"udp:ADDRESS:PORT\" as well")
        );
    }
    Ok(all)
}

fn audio(top: &Section<'_, '_>, config: &mut Config, base: &Path) -> Result<(), Failure> {
    let Some(section) = top.section("audio", &AUDIO)? else { return Ok(()) };
    let input =
        "\"default\", \"device:NAME\", \"pipe:PATH\", \"silence\", \"echo\", \"tone:440\" (20 to 3900 Hz) or \"file:speech.wav\"";
    set(&mut config.audio_source, section.read("input", |v| v.text(input, |t| value::audio_source(t, base)))?);
    let output = "\"default\", \"device:NAME\", \"pipe:PATH\", \"none\" or \"file:heard.wav\"";
    set(&mut config.audio_sink, section.read("output", |v| v.text(output, |t| value::audio_sink(t, base)))?);
    let ring = "\"default\", \"device:NAME\" or \"none\"";
    config.ring = section.read("ring", |v| v.text(ring, Outlet::parse))?.or(config.ring.take());
    set(&mut config.gains.input, section.read("input-gain", Value::decibels)?);
    set(&mut config.gains.output, section.read("output-gain", Value::decibels)?);
    config.treatment = TreatmentWish {
        echo_cancellation: section.read("echo-cancellation", |v| v.flag())?,
        noise_suppression: section.read("noise-suppression", |v| v.flag())?,
        gain_control: section.read("gain-control", |v| v.flag())?,
    };
    set(&mut config.codecs, section.read("codecs", codecs)?);
    set(&mut config.comfort_noise, section.read("comfort-noise", |v| v.flag())?);
    set(&mut config.ptime, section.read("ptime", ptime)?);
    let dtmf = "\"auto\", \"rtp\" or \"info\"";
    set(&mut config.dtmf, section.read("dtmf", |v| v.text(dtmf, value::dtmf))?);
    Ok(())
}

fn ptime(value: &Value<'_, '_>) -> Result<u16, Failure> {
    let expected = "milliseconds: 10, 20, 30, 40 or 60";
    let milliseconds = value.number(0..=1000, "milliseconds")?;
    let found = PACKET_TIMES.into_iter().find(|time| u64::from(*time) == milliseconds);
    found.ok_or_else(|| value.refuse(expected))
}

fn codecs(value: &Value<'_, '_>) -> Result<Vec<AudioFormat>, Failure> {
    let expected = "codecs, the preferred first, as [\"opus\", \"g722\", \"pcmu\", \"pcma\"]";
    let items = value.items(expected)?;
    if items.is_empty() {
        return Err(value.refuse_because("there is no codec", expected));
    }
    let mut codecs = Vec::new();
    for item in &items {
        let codec = item.text("\"opus\", \"g722\", \"pcmu\" or \"pcma\"", value::codec)?;
        if codecs.contains(&codec) {
            return Err(item.refuse_because("a codec is named twice", expected));
        }
        codecs.push(codec);
    }
    Ok(codecs)
}

fn people(top: &Section<'_, '_>, config: &mut Config) -> Result<(), Failure> {
    if let Some(section) = top.section("answer", &["mode", "waiting", "auto-groups", "auto-contacts"])? {
        let expected = "\"prompt\", \"auto\" or \"reject\"";
        set(&mut config.answer, section.read("mode", |v| v.text(expected, value::answer))?);
        config.answering = prompts::answering(&section)?;
    }
    if let Some(section) = top.section("watchers", &["unknown"])? {
        let expected = "\"block\", \"ask\", \"policy\" or \"place\"";
        set(&mut config.unknown_watchers, section.read("unknown", |v| v.text(expected, value::watchers))?);
    }
    if let Some(section) = top.section("store", &["kind"])? {
        let expected = "\"sqlite\" or \"memory\"";
        set(&mut config.store, section.read("kind", |v| v.text(expected, value::store))?);
    }
    Ok(())
}

fn place(section: &Section<'_, '_>) -> Result<Place, Failure> {
    let name = section.read("name", |v| v.text("a name of 1 to 128 octets", value::name))?;
    let scope = section.read("scope", |v| v.text("\"private\", \"public\" or \"unknown\"", Scope::from_name))?;
    let networks = section.read("networks", networks)?.unwrap_or_default();
    let name = name.unwrap_or_else(|| "unnamed".to_owned());
    let gateways = section.read("gateways", gateways)?.unwrap_or_default();
    Ok(Place { name, scope: scope.unwrap_or_default(), networks, gateways })
}

/// All of it is lost together, and goes elsewhere together. Loopback is never lost.
fn is_one_place(listen: &[Listen]) -> bool {
    let mut addresses = listen.iter().map(|listen| listen.address.ip());
    let first = addresses.next();
    first.is_some_and(|first| !first.is_loopback() && addresses.all(|address| address == first))
}

fn gateways(value: &Value<'_, '_>) -> Result<Vec<HardwareAddress>, Failure> {
    let items = value.items("hardware addresses, [\"00:1b:63:84:45:e6\"]")?;
    items.iter().map(|item| item.text("a hardware address, \"00:1b:63:84:45:e6\"", HardwareAddress::parse)).collect()
}

pub(super) fn networks(value: &Value<'_, '_>) -> Result<Vec<Prefix>, Failure> {
    let items = value.items("networks, [\"192.168.1.0/24\"]")?;
    items.iter().map(|item| item.text("a network, \"192.168.1.0/24\"", value::prefix)).collect()
}

fn policy(top: &Section<'_, '_>, config: &mut Config) -> Result<(), Failure> {
    let Some(section) = top.section("policy", &["default-level", "default", "proposals"])? else { return Ok(()) };
    let expected = "\"use\", \"require\" or \"unique\"";
    let proposals = section.read("proposals", |v| v.text("\"ask\" or \"refuse\"", value::proposals))?;
    set(&mut config.take_proposals, proposals);
    set(&mut config.default_level, section.read("default-level", |v| v.text(expected, value::level))?);
    set(&mut config.default_policy, section.read("default", default_entries)?);
    Ok(())
}

/// The `spdadd` lines of the default; a direction that is missing is the mirror of the other.
fn default_entries(value: &Value<'_, '_>) -> Result<Vec<Entry>, Failure> {
    let expected = "spdadd lines, [\"spdadd any any udp -P out ipsec esp/transport//require;\"]";
    let mut entries = Vec::new();
    for item in value.items(expected)? {
        let text = item.text(expected, |text| Some(text.to_owned()))?;
        let parsed = setkey::parse(&text)
            .map_err(|error| item.refuse_because(&format!("`policy.default` cannot be read: {error}"), expected))?;
        entries.extend(parsed);
    }
    if entries.is_empty() {
        return Err(value.refuse_because("`policy.default` has no entry", expected));
    }
    let ours = entries.into_iter().map(|entry| Entry { origin: Origin::Config, ..entry }).collect();
    let mut both = both_directions(ours);
    both.sort_by_key(|entry| entry.direction == Direction::In);
    Ok(both)
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
