//! The user's browser.

use std::path::Path;
use std::process::{Command, Stdio};

/// Has the desktop open a file. `false` where we see no desktop, or it has no program for that.
pub fn open_in_browser(file: &Path) -> bool {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let shown = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !cfg!(target_os = "macos") && !shown("DISPLAY") && !shown("WAYLAND_DISPLAY") {
        return false;
    }
    let mut command = Command::new(opener);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut opening) = command.spawn() else { return false };
    // It may stay for as long as the browser does.
    std::thread::Builder::new().name("browser".to_owned()).spawn(move || opening.wait()).is_ok()
}
