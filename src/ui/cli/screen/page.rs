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
        let rule = self.width.saturating_sub(text.width() + 4);
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

    /// Eight groups of digits; where one line is too short for them, four groups a line.
    pub fn fingerprint(&mut self, name: &str, value: &str) -> &mut Self {
        let room = self.width.saturating_sub(self.names + 3);
        let halves = value.match_indices(':').nth(3).map(|(at, colon)| value.split_at(at + colon.len()));
        match halves {
            Some((first, second)) if value.width() > room => self.field(name, &format!("{first} {second}")),
            _ => self.field(name, value),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: &str = "01234567:89abcdef:01234567:89abcdef:01234567:89abcdef:01234567:89abcdef";

    #[test]
    fn a_fingerprint_is_never_broken_inside_of_a_group() {
        let page = |width| {
            let mut page = Page::new(width, 11);
            page.fingerprint("fingerprint", FINGERPRINT);
            page.lines()
        };
        assert_eq!(page(100), [format!(" fingerprint  {FINGERPRINT}")]);
        let halves =
            [" fingerprint  01234567:89abcdef:01234567:89abcdef:", "              01234567:89abcdef:01234567:89abcdef"];
        assert_eq!(page(80), halves);
        assert_eq!(page(52), halves);
    }
}
