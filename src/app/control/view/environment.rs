use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::policy::{Environment, Surroundings};
use crate::vocab::escape;

/// A device's surroundings, as it judged or said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvironmentView {
    /// `private`, `public` or `unknown`.
    pub scope: String,
    /// What that rests on: `address`, `network` or `user`.
    pub evidence: String,
    pub address: Option<String>,
}

/// What we know of where the peer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SurroundingsView {
    pub kind: SurroundingsKind,
    /// As stated, when it was.
    pub environment: Option<EnvironmentView>,
    /// When it was withheld: what the two addresses suggest, in words that say so.
    pub inference: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurroundingsKind {
    NotAsked,
    Stated,
    Withheld,
}

impl From<&Environment> for EnvironmentView {
    fn from(environment: &Environment) -> Self {
        Self {
            scope: environment.scope.to_string(),
            evidence: environment.evidence.to_string(),
            address: environment.address.map(|address| address.to_string()),
        }
    }
}

impl From<&Surroundings> for SurroundingsView {
    fn from(surroundings: &Surroundings) -> Self {
        let (kind, environment, inference) = match surroundings {
            Surroundings::NotAsked => (SurroundingsKind::NotAsked, None, None),
            Surroundings::Stated(environment) => (SurroundingsKind::Stated, Some(environment.into()), None),
            Surroundings::Withheld { inference } => (SurroundingsKind::Withheld, None, Some(escape(inference))),
        };
        Self { kind, environment, inference }
    }
}
