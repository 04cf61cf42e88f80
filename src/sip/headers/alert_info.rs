use super::info::info;

info!(
    /// A sound to ring with (RFC 3261 section 20.4).
    AlertInfo, ALERT_INFO
);
