use super::info::info;

info!(
    /// More about why the request failed (RFC 3261 section 20.18).
    ErrorInfo, ERROR_INFO
);
