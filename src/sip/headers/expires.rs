use super::number::number;

number!(
    /// How long a subscription, registration or invitation lasts, in seconds (RFC 3261 section 20.19).
    Expires(u32), EXPIRES
);
