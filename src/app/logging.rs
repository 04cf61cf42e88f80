use tracing_subscriber::EnvFilter;

/// Whoever sends forged answers of name servers would fill the screen with what the library says of them.
const NAMES: &str = "hickory_proto=off,hickory_resolver=off";
/// The same of STUN, which any stranger may send to a port of voice, before any password is looked at; and they write passwords down. Not even
/// who asks for a log may have that.
const ICE: &str = "is=off,stun_proto=off,stun_types=off,turn_client_proto=off,turn_types=off";

/// Sends the log to standard error. `SOTTOVOCE_LOG` says how much, as `debug` or `sottovoce::io=trace`; without it
/// `usual`. Nothing personal is logged above DEBUG. A second call changes nothing.
pub fn start(usual: &str) {
    let asked = std::env::var("SOTTOVOCE_LOG").ok();
    let filter = asked.and_then(|asked| filter(&asked, ICE)).unwrap_or_else(|| {
        let quiet = format!("{ICE},{NAMES}");
        filter(usual, &quiet).unwrap_or_default()
    });
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).try_init();
}

/// What is asked for, without what nobody is told; `None` where it is not written as such a filter.
fn filter(asked: &str, without: &str) -> Option<EnvFilter> {
    EnvFilter::try_new(format!("{asked},{without}")).ok()
}
