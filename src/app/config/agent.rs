use std::net::IpAddr;
use std::sync::Arc;

use crate::agent::{AgentConfig, Listen};
use crate::keys::Identity;
use crate::sip::Transport;
use crate::vocab::Device;

use super::Config;

impl Config {
    /// Where we are for others, by what really was bound: the one of our Contact, which is not by TLS.
    pub(in crate::app) fn contact_address(&self, listen: &[Listen]) -> IpAddr {
        let first = listen.iter().find(|listen| listen.transport != Transport::Tls);
        first.map_or(self.control.ip(), |listen| listen.address.ip())
    }

    /// What the agent needs to know of it. `listen` is what really was bound, never empty.
    pub fn into_agent(self, identity: Identity, device: Device, listen: Vec<Listen>, keylog: bool) -> AgentConfig {
        let media_address = self.contact_address(&listen);
        AgentConfig {
            entity: self.entity,
            display_name: self.display_name,
            device,
            identity,
            accounts: self.accounts,
            listen,
            media_address,
            follows: self.follows,
            t1: self.t1,
            answer: self.answer,
            answering: self.answering,
            audio_source: self.audio_source,
            audio_sink: self.audio_sink,
            comfort_noise: self.comfort_noise,
            ptime: self.ptime,
            dtmf: self.dtmf,
            gains: self.gains,
            treatment: self.treatment,
            ring: self.ring,
            codecs: self.codecs,
            places: self.places,
            unknown_watchers: self.unknown_watchers,
            take_proposals: self.take_proposals,
            prompts: self.prompts,
            gateway: self.gateway,
            default_level: self.default_level,
            default_policy: self.default_policy,
            stays: false,
            only_looks: false,
            nat: self.nat,
            sdes_without_tls: self.sdes_without_tls,
            srtp_keys: self.srtp_keys,
            dtls: crate::io::dtls_identity().map(Arc::new),
            limits: self.limits,
            keylog,
            serves: None,
        }
    }
}
