use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::agent::{is_built_in, AnswerMode, AudioSink, AudioSource, DtmfWay, Listen, SoundDevice, UnknownWatchers};
use crate::policy::{Level, Prefix};
use crate::sdp::AudioFormat;
use crate::sip::Transport;
use crate::vocab::Entity;

use super::StoreKind;

/// `udp:192.168.1.1:5060` or `tls:192.168.1.1:5061`, an address of this machine: it goes into Contact and session
/// descriptions, so not `0.0.0.0`.
pub(super) fn listen(text: &str) -> Option<Listen> {
    let (transport, address) = match text.split_once(':')? {
        ("tls", address) => (Transport::Tls, address),
        ("udp", address) => (Transport::Udp, address),
        _ => return None,
    };
    let address: SocketAddr = address.parse().ok()?;
    (!address.ip().is_unspecified() && !address.ip().is_multicast()).then_some(Listen { transport, address })
}

/// `udp:192.0.2.53`, `udp:127.0.0.1:5353`: the port is 53 when none is named.
pub(super) fn name_server(text: &str) -> Option<SocketAddr> {
    let address = text.strip_prefix("udp:")?;
    let without_port = || Some(SocketAddr::new(address.trim_matches(['[', ']']).parse().ok()?, 53));
    let found = address.parse().ok().or_else(without_port)?;
    (!found.ip().is_unspecified() && !found.ip().is_multicast() && found.port() > 0).then_some(found)
}

/// The control door is for this machine only.
pub(super) fn loopback(text: &str) -> Option<SocketAddr> {
    text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback())
}

/// `default`, `device:NAME`, `pipe:voice`, `silence`, `echo`, `tone:440`, `file:speech.wav`. Files are relative to `base`.
pub(super) fn audio_source(text: &str, base: &Path) -> Option<AudioSource> {
    if let Some(hertz) = text.strip_prefix("tone:") {
        return hertz.parse().ok().filter(|hertz| (20..=3900).contains(hertz)).map(AudioSource::Tone);
    }
    match text {
        "silence" => Some(AudioSource::Silence),
        "echo" => Some(AudioSource::Echo),
        _ => SoundDevice::parse(text)
            .map(AudioSource::Device)
            .or_else(|| file(text, "pipe:", base).map(AudioSource::Pipe))
            .or_else(|| file(text, "file:", base).map(AudioSource::File)),
    }
}

/// `default`, `device:NAME`, `pipe:ear`, `none`, `file:heard.wav`.
pub(super) fn audio_sink(text: &str, base: &Path) -> Option<AudioSink> {
    match text {
        "none" => Some(AudioSink::Discard),
        _ => SoundDevice::parse(text)
            .map(AudioSink::Device)
            .or_else(|| file(text, "pipe:", base).map(AudioSink::Pipe))
            .or_else(|| file(text, "file:", base).map(AudioSink::File)),
    }
}

fn file(text: &str, kind: &str, base: &Path) -> Option<PathBuf> {
    text.strip_prefix(kind).filter(|name| !name.is_empty()).map(|name| base.join(name))
}

/// By its name in a session description, in whatever case.
pub(super) fn codec(text: &str) -> Option<AudioFormat> {
    AudioFormat::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(text))
}

pub(super) fn dtmf(text: &str) -> Option<DtmfWay> {
    match text {
        "auto" => Some(DtmfWay::Auto),
        "info" => Some(DtmfWay::Info),
        "rtp" => Some(DtmfWay::Rtp),
        _ => None,
    }
}

pub(super) fn answer(text: &str) -> Option<AnswerMode> {
    match text {
        "auto" => Some(AnswerMode::Auto),
        "prompt" => Some(AnswerMode::Prompt),
        "reject" => Some(AnswerMode::Reject),
        _ => None,
    }
}

pub(super) fn watchers(text: &str) -> Option<UnknownWatchers> {
    match text {
        "ask" => Some(UnknownWatchers::Ask),
        "block" => Some(UnknownWatchers::Block),
        "place" => Some(UnknownWatchers::Place),
        "policy" => Some(UnknownWatchers::Policy),
        _ => None,
    }
}

pub(super) fn proposals(text: &str) -> Option<bool> {
    match text {
        "ask" => Some(true),
        "refuse" => Some(false),
        _ => None,
    }
}

/// What `default` means: so it cannot be `default`.
pub(super) fn level(text: &str) -> Option<Level> {
    [Level::Require, Level::Unique, Level::Use].into_iter().find(|level| level.to_string() == text)
}

pub(super) fn store(text: &str) -> Option<StoreKind> {
    [StoreKind::Memory, StoreKind::Sqlite].into_iter().find(|kind| kind.name() == text)
}

/// `192.168.1.0/24`, or one address.
pub(super) fn prefix(text: &str) -> Option<Prefix> {
    match text.split_once('/') {
        Some((address, len)) => Prefix::new(address.parse().ok()?, len.parse().ok()?),
        None => text.parse::<IpAddr>().ok().map(Prefix::host),
    }
}

/// By which others know the agent: any entity but that of the peer that is built in.
pub(super) fn own_entity(text: &str) -> Option<Entity> {
    Entity::parse(text).ok().filter(|entity| !is_built_in(entity))
}

/// A name for people: not empty, no control characters, at most 128 octets.
pub(super) fn name(text: &str) -> Option<String> {
    let fits = !text.trim().is_empty() && text.len() <= 128 && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}
