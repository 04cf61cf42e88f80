use unicode_width::UnicodeWidthStr;

use super::{fill, wrap};

/// Columns of a page on which values stand below their names, where they would be torn beside them.
const BELOW: &str = "   ";

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
        let mut lines = wrap(text, self.width.saturating_sub(4), "");
        let last = lines.pop().unwrap_or_default();
        self.lines.extend(lines.into_iter().map(|line| format!("── {line}")));
        let rule = self.width.saturating_sub(last.width() + 4);
        self.lines.push(format!("── {last} {}", "─".repeat(rule)).trim_end().to_owned());
        self
    }

    pub fn field(&mut self, name: &str, value: &str) -> &mut Self {
        self.words(name, value.split(' '))
    }

    /// Words that are not broken at spaces of their own.
    pub fn words<'a>(&mut self, name: &str, words: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let words: Vec<&str> = words.into_iter().collect();
        let room = self.room();
        let below = self.width.saturating_sub(BELOW.width());
        let torn = |word: &str| word.width() > room && word.width() <= below;
        if name.width() <= self.names && !words.iter().any(|word| word.split(' ').any(torn)) {
            return self.beside(name, &fill(words, room, ""));
        }
        let (left, whole) = (self.width.saturating_sub(1), vec![name.to_owned()]);
        let names = if name.width() <= left { whole } else { wrap(name, left, "") };
        self.lines.extend(names.into_iter().map(|line| format!(" {line}")));
        let values = fill(words, below, "");
        self.lines.extend(values.iter().map(|line| format!("{BELOW}{line}").trim_end().to_owned()));
        self
    }

    /// A mark, and words that are not broken at their spaces.
    pub fn marked(&mut self, name: &str, mark: &str, words: &[String]) -> &mut Self {
        let blank = " ".repeat(mark.width());
        let lines = fill(words.iter().map(String::as_str), self.room().saturating_sub(mark.width()), "");
        let lead = |row| if row == 0 { mark } else { &blank };
        let lines: Vec<String> = lines.iter().enumerate().map(|(row, line)| format!("{}{line}", lead(row))).collect();
        self.beside(name, &lines)
    }

    /// Eight groups of digits, as many of them on a line as there is room for: eight, four, or two.
    pub fn fingerprint(&mut self, name: &str, value: &str) -> &mut Self {
        let groups: Vec<&str> = value.split_inclusive(':').collect();
        let fits = |each: &usize| groups.chunks(*each).all(|line| line.concat().width() <= self.room());
        let each = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
        let lines: Vec<String> = groups.chunks(each).map(|line| line.concat()).collect();
        self.beside(name, &lines)
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

    /// Columns for a value beside its name.
    fn room(&self) -> usize {
        self.width.saturating_sub(self.names + 3).max(16)
    }

    fn beside(&mut self, name: &str, lines: &[String]) -> &mut Self {
        let indent = " ".repeat(self.names + 3);
        let first = format!(" {name}{}  ", " ".repeat(self.names.saturating_sub(name.width())));
        for (row, line) in lines.iter().enumerate() {
            let lead = if row == 0 { &first } else { &indent };
            self.lines.push(format!("{lead}{line}").trim_end().to_owned());
        }
        self
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
        assert_eq!(page(40)[..2], [" fingerprint  01234567:89abcdef:", "              01234567:89abcdef:"]);
    }

    #[test]
    fn what_would_be_torn_beside_its_name_stands_below_it() {
        let mut page = Page::new(24, 6);
        page.field("rules", "esp/transport//use or").field("longer name", "value").field("short", "value");
        assert_eq!(page.lines(), [" rules", "   esp/transport//use or", " longer name", "   value", " short   value"]);
    }

    #[test]
    fn a_choice_is_not_torn_from_its_mark() {
        let mut page = Page::new(24, 3);
        page.marked("ah", "[x] ", &["( ) default".to_owned(), "( ) use".to_owned(), "(•) require".to_owned()]);
        assert_eq!(page.lines(), [" ah   [x] ( ) default", "          ( ) use", "          (•) require"]);
    }

    #[test]
    fn a_heading_is_no_wider_than_its_page() {
        let mut page = Page::new(20, 3);
        page.heading("Policy: packets from you");
        assert!(page.lines().iter().all(|line| line.width() <= 20));
    }
}
