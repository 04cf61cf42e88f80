use std::path::PathBuf;

use super::{Machine, Places};

/// The data directory: flag, else the XDG base directory specification's `$XDG_DATA_HOME`, else `~/.local/share`.
pub(super) fn data_dir(places: &Places, machine: &Machine<'_>) -> PathBuf {
    places.data_dir.clone().or_else(|| variable(machine, "SOTTOVOCE_DATA_DIR")).unwrap_or_else(|| {
        variable(machine, "XDG_DATA_HOME").unwrap_or_else(|| home(machine).join(".local/share")).join("sottovoce")
    })
}

/// The file to read: the one that was named, or the default one if it exists.
pub(super) fn config_file(places: &Places, machine: &Machine<'_>) -> Option<PathBuf> {
    places.config.clone().or_else(|| variable(machine, "SOTTOVOCE_CONFIG")).or_else(|| {
        let base = variable(machine, "XDG_CONFIG_HOME").unwrap_or_else(|| home(machine).join(".config"));
        Some(base.join("sottovoce/sottovoce.toml")).filter(|file| file.exists())
    })
}

fn home(machine: &Machine<'_>) -> PathBuf {
    variable(machine, "HOME").unwrap_or_else(|| PathBuf::from("/"))
}

fn variable(machine: &Machine<'_>, name: &str) -> Option<PathBuf> {
    (machine.variable)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
