use std::fmt;

/// Text that a peer wrote. It is hostile: [`fmt::Display`] and [`fmt::Debug`] make control and
/// bidirectional-override characters visible, so that it cannot repaint a terminal or reverse a
/// line. [`PeerText::raw`] is for storing and comparing only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PeerText(String);

impl PeerText {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The peer's own octets: never to a terminal, page or log.
    pub fn raw(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for PeerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&escape(&self.0))
    }
}

impl fmt::Debug for PeerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", escape(&self.0))
    }
}

/// Writes every control, format and bidirectional character of `text` as `\u{hex}`.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if harmful(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that move, hide or reorder what stands around them: C0, C1, line and paragraph
/// separators, bidirectional controls (UAX 9 section 2), zero-width and invisible operators, tags.
fn harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_or_turns_the_line_gets_through() {
        let evil = PeerText::new("a\u{1b}[2J\u{202e}b\r\n\u{9b}");
        assert_eq!(evil.to_string(), "a\\u{1b}[2J\\u{202e}b\\u{d}\\u{a}\\u{9b}");
        assert_eq!(format!("{evil:?}"), "\"a\\u{1b}[2J\\u{202e}b\\u{d}\\u{a}\\u{9b}\"");
        assert_eq!(PeerText::new("Zoë 雪").to_string(), "Zoë 雪");
    }
}
