use unicode_width::UnicodeWidthStr;

use super::wrap;

/// Lines of `name  value`, under headings, no wider than asked.
pub struct Page {
    width: usize,
    names: usize,
    lines: Vec<String>,
}

impl Page {
    /// `names` columns are kept for the names.
    pub fn new(width: usize, names: usize) -> Self {
        Self { width, names, lines: Vec::new() }
    }

    pub fn heading(&mut self, text: &str) -> &mut Self {
        let rule = self.width.saturating_sub(text.width() + 4).min(60);
        self.lines.push(format!("── {text} {}", "─".repeat(rule)));
        self
    }

    pub fn field(&mut self, name: &str, value: &str) -> &mut Self {
        let indent = " ".repeat(self.names + 3);
        let pad = self.names.saturating_sub(name.width());
        let first = format!(" {name}{}  ", " ".repeat(pad));
        let room = self.width.saturating_sub(indent.width()).max(16);
        for (row, line) in wrap(value, room, "").into_iter().enumerate() {
            let lead = if row == 0 { &first } else { &indent };
            self.lines.push(format!("{lead}{line}").trim_end().to_owned());
        }
        self
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        let lines = wrap(text, self.width.saturating_sub(1), "  ");
        self.lines.extend(lines.into_iter().map(|line| format!(" {line}")));
        self
    }

    pub fn blank(&mut self) -> &mut Self {
        self.lines.push(String::new());
        self
    }

    pub fn lines(self) -> Vec<String> {
        self.lines
    }
}
