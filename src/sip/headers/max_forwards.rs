use super::number::number;

number!(
    /// How many more hops the request may make (RFC 3261 section 20.22).
    MaxForwards(u8), MAX_FORWARDS
);
