//! Elements to text. Every element stands on a line of its own; no value is ever changed by that.

use std::fmt::Display;

use super::xml::is_xml_char;

/// Whether a document can carry this text as it is: XML 1.0 has no way to write most control characters. A statement
/// with any other text would not verify at its reader, so that text is refused where the user types it.
pub fn is_writable(text: &str) -> bool {
    text.chars().all(is_xml_char)
}

pub(super) struct XmlWriter(String);

impl XmlWriter {
    pub(super) fn new() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    /// Writes an element around what `content` writes.
    pub(super) fn element(&mut self, name: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Self)) {
        self.start(name, attributes);
        self.0.push('\n');
        content(self);
        self.end(name);
    }

    pub(super) fn leaf(&mut self, name: &str, text: impl Display) {
        self.leaf_with(name, &[], text);
    }

    pub(super) fn leaf_with(&mut self, name: &str, attributes: &[(&str, &str)], text: impl Display) {
        self.start(name, attributes);
        self.escaped(&text.to_string());
        self.end(name);
    }

    /// Octets so far.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.escaped(value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    fn end(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push_str(">\n");
    }

    /// White space but the plain one is written by number, or a reader would change it (XML 1.0 sections 2.11 and 3.3.3).
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\t' => self.0.push_str("&#9;"),
                '\n' => self.0.push_str("&#10;"),
                '\r' => self.0.push_str("&#13;"),
                c if is_xml_char(c) => self.0.push(c),
                _ => self.0.push(char::REPLACEMENT_CHARACTER),
            }
        }
    }
}
