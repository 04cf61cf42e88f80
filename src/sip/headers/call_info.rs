use super::info::info;

info!(
    /// More about the caller or callee (RFC 3261 section 20.9).
    CallInfo, CALL_INFO
);
