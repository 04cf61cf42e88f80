//! What a user interface sends: bodies of requests. Lengths are bounded by the door's body limit.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroize;

use super::view::CallResultView;

/// A language that the policy database can be told in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// JSON (RFC 7951) of the data model of RFC 9061, which import reads back.
    Json,
    /// `spdadd` lines, which import reads back.
    #[default]
    Setkey,
    /// `swanctl.conf` of strongSwan.
    Swanctl,
    /// Commands of ip-xfrm(8).
    Xfrm,
}

/// An account to be added beside those of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBody {
    /// `sip:alice@example.org`, or without `sip:`.
    pub entity: String,
    /// `HOST`, or `HOST:PORT` after `udp:`, `tcp:`, `tls:`, `ws:` or `wss:`; without it DNS tells for the domain.
    #[serde(default)]
    pub proxy: Option<String>,
    /// A second one beside it, where the registrar knows outbound (RFC 5626).
    #[serde(default)]
    pub second_proxy: Option<String>,
    /// The user that goes with the password: the entity's without it.
    #[serde(default)]
    pub user: Option<String>,
    /// Whose password it is: the entity's host without it.
    #[serde(default)]
    pub realm: Option<String>,
    /// Kept encrypted, and told to nobody any more.
    #[serde(default)]
    pub password: Option<PasswordBody>,
    /// Registered for so many seconds at a time, 60 to 86400; 3600 without it.
    #[serde(default)]
    pub expires: Option<u64>,
    /// What unknown watchers may learn stands at the server too, without it as well.
    #[serde(default)]
    pub publish: Option<bool>,
    /// Its server is asked who follows what is published there, without it as well.
    #[serde(default)]
    pub watchers: Option<bool>,
    /// Its server is asked for voice messages that wait (RFC 3842).
    #[serde(default)]
    pub mailbox: Option<bool>,
    /// Where local phone numbers are valid: `+4930`, or a domain (RFC 3966).
    #[serde(default)]
    pub phone_context: Option<String>,
}

/// 1 to 512 octets without control characters. Its `Debug` does not show it, and its memory is overwritten at its end.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct PasswordBody(pub String);

/// The usual error of a value that is no string repeats it.
impl<'de> Deserialize<'de> for PasswordBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom("the password is no string"))
    }
}

impl fmt::Debug for PasswordBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for PasswordBody {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// FIG. 4: the peer, and what is wanted. Both when neither is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskBody {
    /// SIP URI, `user@host`, host, IP address, telephone number or e-mail address.
    pub peer: String,
    #[serde(default)]
    pub presence: bool,
    #[serde(default)]
    pub policy: bool,
    /// Given beforehand, when no user will be there to answer.
    #[serde(default)]
    pub answer: Option<AnswerBody>,
    /// The fingerprint of the one changed key that the user accepts.
    #[serde(default)]
    pub accept_key: Option<String>,
    /// What it is for, for the advice: `private` (without it too), `business`, `advertising`, `own`.
    #[serde(default)]
    pub purpose: Option<String>,
    /// What will be said: `public`, `personal` (without it too), `confidential`.
    #[serde(default)]
    pub content: Option<String>,
    /// By whose proxy it goes, `sip:alice@example.org`; without it by that of the peer's domain, or for a telephone number the
    /// first that is registered.
    #[serde(default)]
    pub account: Option<String>,
}

/// The user's answer to a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AnswerBody {
    /// As it is, or with these rules in both directions.
    Approve {
        /// `none`, or `ipsec ah/transport//require esp/transport//require`.
        #[serde(default)]
        rules: Option<String>,
        /// Which user interface asked; `control` without one.
        #[serde(default)]
        by: Option<AnsweredBy>,
        /// Where that is looser than the peer asks, its user is to be asked; to a proposal of the peer it is your counter-proposal.
        #[serde(default)]
        propose: bool,
        /// To the peer's user, with a proposal or counter-proposal: at most 256 octets.
        #[serde(default)]
        note: Option<String>,
    },
    /// With these `spdadd` lines instead.
    Edit {
        entries: String,
        #[serde(default)]
        by: Option<AnsweredBy>,
        /// As above.
        #[serde(default)]
        propose: bool,
        #[serde(default)]
        note: Option<String>,
    },
    Refuse {
        #[serde(default)]
        by: Option<AnsweredBy>,
    },
}

/// The user interface through which an answer came, for the audit table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnsweredBy {
    Control,
    Flag,
    Page,
    Terminal,
}

/// An answer to a review that is not given yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeighBody {
    /// As `spdadd` lines.
    pub entries: String,
}

/// What a page shows once for a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeBody {
    /// That of the address by which it was opened.
    pub code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBody {
    pub peer: String,
    /// The answer to a review, if one has to come first.
    #[serde(default)]
    pub answer: Option<AnswerBody>,
    #[serde(default)]
    pub accept_key: Option<String>,
    /// As for an ask.
    #[serde(default)]
    pub purpose: Option<String>,
    /// As for an ask.
    #[serde(default)]
    pub content: Option<String>,
    /// Absolute path of a WAV file to play.
    #[serde(default)]
    pub play: Option<String>,
    /// Absolute path of a file to write: of Opus if it ends in `.opus`, WAV if in `.wav` or in nothing.
    #[serde(default)]
    pub record: Option<String>,
    /// Hang up so many milliseconds after the call was established.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// By whose proxy it goes, `sip:alice@example.org`; without it by that of the peer's domain, or for a telephone number the
    /// first that is registered.
    #[serde(default)]
    pub account: Option<String>,
}

/// Whom the peer of a call is to call: one of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferBody {
    /// SIP URI, `user@host`, host or IP address.
    #[serde(default)]
    pub peer: Option<String>,
    /// Another call, `c2`, whose peer is meant and whose place the new one takes.
    #[serde(default)]
    pub call: Option<String>,
}

/// Both sides of a call are to be recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordingBody {
    /// An absolute path; a file is made there, or overwritten: of Opus if it ends in `.opus`, WAV if in `.wav` or in nothing.
    /// Without it a new one of Opus in the data directory's folder `recordings`, which is the user's alone.
    #[serde(default)]
    pub file: Option<String>,
    /// In one channel; otherwise yours is left and the peer's right.
    #[serde(default)]
    pub mixed: bool,
    /// The peer hears a beep every 15 seconds.
    #[serde(default)]
    pub consent_tone: bool,
}

/// Whom the peer of a call is to hear beside you.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConferenceBody {
    /// The other call: `c2`.
    pub with: String,
}

/// Keys of the telephone to press in a call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DigitsBody {
    /// Some of `0` to `9`, `*`, `#`, `A` to `D`.
    pub digits: String,
    /// They may be read on the way, where they do not go among the sound.
    #[serde(default)]
    pub clear: bool,
}

/// What a gain can be, in decibels.
pub const GAINS: std::ops::RangeInclusive<i8> = crate::media::Gain::LEAST..=crate::media::Gain::MOST;

/// Which sound devices calls use; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicesBody {
    /// What was chosen before is forgotten: as configured again, but for what this says.
    #[serde(default)]
    pub configured: bool,
    /// A name of the list, or `default`, or `none`.
    #[serde(default)]
    pub input: Option<String>,
    #[serde(default)]
    pub output: Option<String>,
    /// Where it rings.
    #[serde(default)]
    pub ring: Option<String>,
    /// In decibels, from -40 to 20.
    #[serde(default)]
    pub input_gain: Option<i8>,
    #[serde(default)]
    pub output_gain: Option<i8>,
}

/// Quiet by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DoNotDisturbBody {
    /// For so long, 30 days at most; without it, not any more.
    #[serde(default)]
    pub seconds: Option<u64>,
}

/// How a running call is to be protected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TightenBody {
    /// `ipsec esp/transport//require ah/transport//require`; as is advised without it.
    #[serde(default)]
    pub rules: Option<String>,
}

/// How a running call would do, if its peer agrees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelaxBody {
    /// `none`, or `ipsec esp/transport//require`; as is advised without it.
    #[serde(default)]
    pub rules: Option<String>,
    /// To the peer's user, at most 256 octets.
    #[serde(default)]
    pub note: Option<String>,
}

/// `spdadd` lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyBody {
    pub text: String,
}

/// `spdadd` lines of our own, and whose streams they are for; without entity, device and group everybody's, or whose their
/// comments say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddBody {
    pub text: String,
    /// `sip:bob@192.168.1.2`
    #[serde(default)]
    pub entity: Option<String>,
    #[serde(default)]
    pub device: Option<String>,
    /// A contact group, as `friend`.
    #[serde(default)]
    pub group: Option<String>,
}

/// Entries of a file, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBody {
    pub text: String,
    #[serde(default)]
    pub format: ImportFormat,
    /// The text is a part of a larger one, which speaks of both directions: none is made up.
    #[serde(default)]
    pub part: bool,
}

/// A language that entries can be read in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportFormat {
    /// JSON (RFC 7951) of the data model of RFC 9061.
    Json,
    /// `spdadd` lines.
    #[default]
    Setkey,
}

/// When an entry is to end: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpiryBody {
    /// RFC 3339, `2026-11-24T18:00:00Z`.
    #[serde(default)]
    pub at: Option<String>,
    /// In so many seconds.
    #[serde(default)]
    pub seconds: Option<u64>,
    #[serde(default)]
    pub never: bool,
}

/// Which change of the policy database is to be taken back; the last one without it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoBody {
    #[serde(default)]
    pub change: Option<u64>,
}

/// Which entries are to be listed: those for which all of it is so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PolicyFilter {
    /// They name this entity, or this device.
    #[serde(default)]
    pub peer: Option<String>,
    /// They are for this contact group.
    #[serde(default)]
    pub group: Option<String>,
    /// This IP address is in their source or destination, and that is not `any`.
    #[serde(default)]
    pub address: Option<String>,
    /// `config`, `import`, `review` or `user`.
    #[serde(default)]
    pub origin: Option<String>,
    /// They are disabled.
    #[serde(default)]
    pub disabled: bool,
    /// So many at most, beside the default's, up to 10,000; 1,000 without it.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// Which calls of the history are meant: those for which all of it is so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// A contact's name, or part of the peer's own.
    #[serde(default)]
    pub peer: Option<String>,
    /// They are yours (`true`), or came (`false`).
    #[serde(default)]
    pub outgoing: Option<bool>,
    /// What became of them.
    #[serde(default)]
    pub result: Option<CallResultView>,
    /// They began in the last so many seconds.
    #[serde(default)]
    pub within: Option<u64>,
    /// Only rows older than the one of this number.
    #[serde(default)]
    pub before: Option<u64>,
    /// So many at most, up to 1,000; 100 without it. Forgetting knows no limit.
    #[serde(default)]
    pub limit: Option<u32>,
    /// To forget: without another word of which, all are meant.
    #[serde(default)]
    pub all: Option<bool>,
}

/// The user has seen the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenBody {
    /// Up to the row of this number.
    pub until: u64,
}

/// A packet's attributes: `policy test SRC SPORT DST DPORT PROTO DIR`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestBody {
    pub source: String,
    pub source_port: String,
    pub destination: String,
    pub destination_port: String,
    /// `udp` or `tcp`.
    pub upper: String,
    /// `in` or `out`.
    pub direction: String,
}

/// Names: our own user and place as typed in, or our names for a peer's. One of them at least; an absent one stays as it
/// is. An empty text goes back: our own user to the configured name, our own place to what is judged, a peer's to its word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesBody {
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub place: Option<String>,
    /// The e-mail address under which you know a peer, so that it is asked and called by it; an empty text forgets it.
    #[serde(default)]
    pub mail: Option<String>,
}

/// Somebody who gets a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactBody {
    /// 1 to 64 octets that are not read as an address, a number or the name of a machine.
    pub name: String,
    /// `sip:bob@192.168.1.2`, `bob@example.org`, or the address of somebody who was asked before.
    pub peer: String,
    /// Further e-mail addresses and telephone numbers, at most 8.
    #[serde(default)]
    pub addresses: Vec<String>,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
}

/// What is to be another; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactChangeBody {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub peer: Option<String>,
    /// All of them anew.
    #[serde(default)]
    pub addresses: Option<Vec<String>>,
    /// An empty text: none.
    #[serde(default)]
    pub group: Option<String>,
    /// An empty text: none.
    #[serde(default)]
    pub note: Option<String>,
}

/// A further group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupBody {
    /// 1 to 32 of a-z, 0-9 and -.
    pub name: String,
    /// `own`, `family`, `friend` or `acquaintance`.
    pub relation: String,
    #[serde(default)]
    pub change: GroupChangeBody,
}

/// What is to be another; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupChangeBody {
    /// `allow`, `policy-only`, `ask`, `polite-block` or `block`.
    #[serde(default)]
    pub watchers: Option<String>,
    /// The least that is approved without asking, as `ipsec esp/transport//require`; `never`.
    #[serde(default)]
    pub approve: Option<String>,
    /// Its members may call and ask in quiet hours.
    #[serde(default)]
    pub rings: Option<bool>,
}

/// What a watcher is told from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WatcherBody {
    /// `allow`, `policy-only`, `polite-block` or `block`.
    pub watchers: String,
}

/// Whom to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchBody {
    /// SIP URI, `user@host`, host or IP address.
    pub peer: String,
}

/// The user compared the safety phrase with this peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBody {
    pub entity: String,
}

/// The word `sv-device:...` of a newer device. Without `confirmed` it is only read, so that the user can compare it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VouchBody {
    pub word: String,
    #[serde(default)]
    pub confirmed: bool,
    /// The account by whose name both devices are known; without it the agent's own `entity`.
    #[serde(default)]
    pub account: Option<String>,
}

/// A short text (RFC 3428).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextBody {
    pub peer: String,
    /// 1 to 4096 octets.
    pub text: String,
    /// It may be read on the way, though calls to this peer must not be.
    #[serde(default)]
    pub clear: bool,
    /// By whose proxy it goes, `sip:alice@example.org`; without it by that of the peer's domain, or for a telephone number the
    /// first that is registered.
    #[serde(default)]
    pub account: Option<String>,
}

/// The word `sv-vouch:...` of an older device, to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WordBody {
    pub word: String,
    /// The account by whose name it was signed, which may be added later; without it one of the names that there are.
    #[serde(default)]
    pub account: Option<String>,
}

/// Which word of an older device is taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeBody {
    /// That for the name of this account; without it that for the agent's own `entity`.
    #[serde(default)]
    pub account: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectBody {
    pub files: Vec<InspectFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectFile {
    pub name: String,
    /// The octets, base64 (RFC 4648 section 4).
    pub content: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_password_is_not_repeated() {
        for text in ["12345", "[\"hunter2\"]", "{\"a\":\"hunter2\"}", "true"] {
            let body = format!("{{\"entity\":\"sip:a@h\",\"password\":{text}}}");
            let why = serde_json::from_str::<AccountBody>(&body).unwrap_err().to_string();
            assert!(
                why.contains("the password is no string") && !why.contains("hunter2") && !why.contains("12345"),
                "{why}"
            );
        }
        let read: AccountBody = serde_json::from_str("{\"entity\":\"sip:a@h\",\"password\":\"hunter2\"}").unwrap();
        assert_eq!(read.password.map(|password| password.0.clone()).as_deref(), Some("hunter2"));
    }
}
