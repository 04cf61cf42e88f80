use std::net::SocketAddr;
use std::path::PathBuf;

use crate::agent::{AnswerMode, Listen};
use crate::app::config::StoreKind;
use crate::vocab::{AgreementKey, Device, Entity, Fingerprint, VerifyKey};

/// What does not change while the agent runs.
#[derive(Clone, Debug)]
pub(in crate::app) struct About {
    pub(in crate::app) entity: Entity,
    pub(in crate::app) display_name: Option<String>,
    pub(in crate::app) device: Device,
    pub(in crate::app) signing_key: VerifyKey,
    pub(in crate::app) agreement_key: AgreementKey,
    pub(in crate::app) fingerprint: Fingerprint,
    pub(in crate::app) listen: Vec<Listen>,
    pub(in crate::app) control: Option<SocketAddr>,
    pub(in crate::app) store: StoreKind,
    pub(in crate::app) data_dir: PathBuf,
    pub(in crate::app) answer: AnswerMode,
    pub(in crate::app) keylog: bool,
    pub(in crate::app) config_file: Option<PathBuf>,
}
