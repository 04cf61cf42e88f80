//! What is read at most of one message. Larger ones are refused before memory is taken for them.

/// Start line and header fields together, in octets.
pub const MAX_HEAD: usize = 64 * 1024;

/// The body, in octets.
pub const MAX_BODY: usize = 256 * 1024;

/// Header fields.
pub const MAX_HEADERS: usize = 256;

/// The start line, or one header field with its folded lines, in octets.
pub const MAX_LINE: usize = 16 * 1024;
