use super::number::number;

number!(
    /// The shortest time that the sender of a 423 accepts, in seconds (RFC 3261 section 20.23).
    MinExpires(u32), MIN_EXPIRES
);
