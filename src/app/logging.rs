use tracing_subscriber::EnvFilter;

/// Sends the log to standard error. `SOTTOVOCE_LOG` says how much, as `debug` or `sottovoce::io=trace`; without it
/// `usual`. Nothing personal is logged above DEBUG. A second call changes nothing.
pub fn start(usual: &str) {
    // Whoever sends forged answers of name servers would fill the screen with what the library says of them.
    let usual = || EnvFilter::new(format!("{usual},hickory_proto=off,hickory_resolver=off"));
    let filter = EnvFilter::try_from_env("SOTTOVOCE_LOG").unwrap_or_else(|_| usual());
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).try_init();
}
