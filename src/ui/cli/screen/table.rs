use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Page;

/// Between two columns.
const GAP: usize = 2;
/// A word of at most so many columns is not torn.
const WHOLE: usize = 24;
/// Most lines of one cell: a table with taller ones is read better as one block a row.
const TALLEST: usize = 6;

/// Rows under a head, no wider than `width`. Where they do not fit as they are, the widest cells are broken, between words
/// first; where that tears them too much, each row becomes a block of `head  value`.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], width: usize) -> Vec<String> {
    let cells = rows.iter().map(|row| row.iter().map(String::as_str).collect::<Vec<_>>());
    let all: Vec<Vec<&str>> = std::iter::once(head.to_vec()).chain(cells).collect();
    let broken = widths(&all, width).map(|widths| all.iter().map(|row| Row::new(row, &widths)).collect::<Vec<_>>());
    match broken.filter(|rows| rows.iter().all(|row| row.height() <= TALLEST)) {
        Some(rows) => rows.iter().flat_map(Row::lines).collect(),
        None => blocks(head, rows, width),
    }
}

/// As many columns as there are, each as wide as its widest cell; the last one is not padded.
pub fn grid(rows: &[Vec<&str>]) -> Vec<String> {
    let widths = natural(rows);
    rows.iter().flat_map(|row| Row::new(row, &widths).lines()).collect()
}

/// One row, with each cell broken into its lines.
struct Row(Vec<(Vec<String>, usize)>);

impl Row {
    fn new(cells: &[&str], widths: &[usize]) -> Self {
        Self(cells.iter().zip(widths).map(|(text, width)| (cell(text, *width), *width)).collect())
    }

    fn height(&self) -> usize {
        self.0.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0)
    }

    fn lines(&self) -> Vec<String> {
        (0..self.height()).map(|at| self.line(at)).collect()
    }

    fn line(&self, at: usize) -> String {
        let padded = |(lines, width): &(Vec<String>, usize)| {
            let text = lines.get(at).map_or("", String::as_str);
            format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
        };
        self.0.iter().map(padded).collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    }
}

fn natural(rows: &[Vec<&str>]) -> Vec<usize> {
    widest(rows, |cell| cell.width())
}

fn widest(rows: &[Vec<&str>], of: impl Fn(&str) -> usize) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    (0..columns).map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| of(cell)).max().unwrap_or(0)).collect()
}

/// A width for each column: its own where all of them fit, else the widest are cut to one measure, and none below what its
/// parts need. `None` when even that is too wide.
fn widths(rows: &[Vec<&str>], width: usize) -> Option<Vec<usize>> {
    let natural = natural(rows);
    let room = width.saturating_sub(GAP * natural.len().saturating_sub(1));
    let least = widest(rows, |cell| cell.split(' ').flat_map(parts).map(UnicodeWidthStr::width).max().unwrap_or(0));
    let cut = |most: usize| -> Vec<usize> {
        natural.iter().zip(&least).map(|(own, least)| (*own).min(most.max((*least).min(WHOLE)))).collect()
    };
    let most = natural.iter().copied().max().unwrap_or(0);
    let mut fitting = (0..=most).rev().map(cut).find(|widths| widths.iter().sum::<usize>() <= room)?;
    let mut left = room.saturating_sub(fitting.iter().sum());
    for (width, own) in fitting.iter_mut().zip(&natural) {
        let more = left.min(own.saturating_sub(*width));
        *width += more;
        left -= more;
    }
    Some(fitting)
}

/// A word, cut behind each mark that divides an address, a path or a list.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split_inclusive(['/', '@', ',', '+'])
}

fn cell(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let torn = word.width() > width;
        let pieces: Vec<&str> = if torn { parts(word).collect() } else { vec![word] };
        for (at, piece) in pieces.into_iter().enumerate() {
            let used = lines.last().map_or(0, |line| line.width());
            let gap = if at == 0 && used > 0 { " " } else { "" };
            if used > 0 && used + gap.len() + piece.width() > width {
                lines.push(String::new());
            } else {
                push(&mut lines, gap, width);
            }
            push(&mut lines, piece, width);
        }
    }
    lines
}

/// Adds to the last line, and to new ones what does not fit there.
fn push(lines: &mut Vec<String>, text: &str, width: usize) {
    for c in text.chars() {
        let used = lines.last().map_or(0, |line| line.width());
        if used > 0 && used + c.width().unwrap_or(0) > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
}

fn blocks<const N: usize>(head: [&str; N], rows: &[[String; N]], width: usize) -> Vec<String> {
    let names = head.iter().map(|name| name.width()).max().unwrap_or(0);
    let mut page = Page::new(width, names);
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            page.blank();
        }
        for (name, value) in head.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
            page.field(name, value);
        }
    }
    page.lines()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let rows = [["a".to_owned(), "long cell".to_owned()], ["雪雪".to_owned(), "x".to_owned()]];
        assert_eq!(table(["id", "what"], &rows, 80), ["id    what", "a     long cell", "雪雪  x"]);
    }

    #[test]
    fn a_wide_cell_is_broken_in_its_own_column() {
        let row = |id: &str, what: &str, rules: &str| [id.to_owned(), what.to_owned(), rules.to_owned()];
        let rows = [row("e1", "133.134.10.10 -> 192.168.1.1", "ah+esp/transport//require"), row("e2", "any", "none")];
        assert_eq!(
            table(["id", "packets", "rules"], &rows, 36),
            [
                "id  packets          rules",
                "e1  133.134.10.10    ah+esp/",
                "    -> 192.168.1.1   transport//",
                "                     require",
                "e2  any              none",
            ]
        );
    }

    #[test]
    fn what_would_be_torn_too_much_becomes_a_block() {
        let rows = [["2026-11-24T16:49:25.822Z".to_owned(), "word ".repeat(40).trim_end().to_owned(), String::new()]];
        let lines = table(["time", "detail", "note"], &rows, 50);
        assert_eq!(lines[0], " time    2026-11-24T16:49:25.822Z");
        assert!(lines[1].starts_with(" detail  word word") && lines.len() > 5, "{lines:?}");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(cells in proptest::collection::vec("[a-z雪/@ .]{0,60}", 8), width in 40_usize..140) {
            let rows: Vec<[String; 4]> = cells.chunks_exact(4).map(|row| std::array::from_fn(|at| row[at].clone())).collect();
            for line in table(["one", "two", "three", "four"], &rows, width) {
                prop_assert!(line.width() <= width, "{line:?}");
            }
        }
    }
}
