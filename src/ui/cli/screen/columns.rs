use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Two blocks of lines side by side, `gap` columns apart; the left one takes `left` columns.
pub fn beside(left_lines: &[String], right_lines: &[String], left: usize, gap: usize) -> Vec<String> {
    let rows = left_lines.len().max(right_lines.len());
    let at = |lines: &[String], row: usize| lines.get(row).cloned().unwrap_or_default();
    (0..rows)
        .map(|row| {
            let line = at(left_lines, row);
            let pad = left.saturating_sub(line.width()) + gap;
            format!("{line}{}{}", " ".repeat(pad), at(right_lines, row)).trim_end().to_owned()
        })
        .collect()
}

/// Breaks a text into lines of at most `width` columns, at spaces where there are any; later lines begin with `indent`.
pub fn wrap(text: &str, width: usize, indent: &str) -> Vec<String> {
    fill(text.split(' '), width, indent)
}

/// The same for words that may have spaces of their own, at which they are broken only where a whole line is too short.
pub fn fill<'a>(words: impl IntoIterator<Item = &'a str>, width: usize, indent: &str) -> Vec<String> {
    let room = width.saturating_sub(indent.width()).max(8);
    let parts = |word: &'a str| if word.width() > room { word.split(' ').collect() } else { vec![word] };
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words.into_iter().flat_map(parts).flat_map(|word| pieces(word, room)) {
        let needed = line.width() + word.width() + usize::from(!line.is_empty());
        if needed > width && !line.trim().is_empty() {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        } else if !line.is_empty() && line != indent {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// A word that is wider than a line, in parts that are not: broken after a mark that divides it, if that is not too early.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut part = String::new();
    for c in word.chars() {
        if part.width() + c.width().unwrap_or(0) > width {
            let mark =
                part.rfind([':', '/', '@', '-', '}']).map(|at| at + 1).filter(|at| part[..*at].width() * 2 > width);
            let rest = part.split_off(mark.unwrap_or(part.len()));
            all.push(std::mem::replace(&mut part, rest));
        }
        part.push(c);
    }
    all.push(part);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let left = ["ab".to_owned(), "雪".to_owned()];
        let right = ["x".to_owned(), "y".to_owned(), "z".to_owned()];
        assert_eq!(beside(&left, &right, 4, 2), ["ab    x", "雪    y", "      z"]);
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        let text =
            "the quick brown fox jumps over 雪雪雪雪雪雪雪雪雪雪 averyveryveryveryverylongword with-a-mark/in:it";
        for width in 12..40 {
            let lines = wrap(text, width, "  ");
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:?}");
            let joined: String = lines.iter().flat_map(|line| line.chars()).filter(|c| *c != ' ').collect();
            assert_eq!(joined, text.replace(' ', ""));
        }
    }

    #[test]
    fn a_long_word_is_broken_where_it_can_be_read() {
        assert_eq!(wrap("2001:db8:1234:5678:9abc:def0", 20, ""), ["2001:db8:1234:5678:", "9abc:def0"]);
        assert_eq!(wrap(r"\u{20}\u{20}\u{20}", 14, ""), [r"\u{20}\u{20}", r"\u{20}"]);
        assert_eq!(wrap("a:bcdefghijklmn", 10, ""), ["a:bcdefghi", "jklmn"], "not too early");
    }

    #[test]
    fn a_group_is_broken_only_where_no_line_is_long_enough_for_it() {
        assert_eq!(fill(["(•) transport", "( ) tunnel"], 14, ""), ["(•) transport", "( ) tunnel"]);
        assert_eq!(fill(["yours: one two"], 10, ""), ["yours: one", "two"]);
    }
}
