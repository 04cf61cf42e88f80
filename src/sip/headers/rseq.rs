use super::number::number;

number!(
    /// Numbers the reliable provisional responses to one request (RFC 3262 section 7.1).
    RSeq(u32), RSEQ
);
