use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What `completions` prints with `--json`; it needs no agent, and so has no path at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompletionsView {
    /// `bash`, `elvish`, `fish`, `powershell` or `zsh`.
    pub shell: String,
    /// To be read by that shell.
    pub script: String,
}
