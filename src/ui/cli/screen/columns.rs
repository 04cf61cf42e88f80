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
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').flat_map(|word| pieces(word, width.saturating_sub(indent.width()).max(8))) {
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

/// A word that is wider than a line, in parts that are not.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut used = 0;
    for c in word.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width {
            all.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
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
        let text = "the quick brown fox jumps over 雪雪雪雪雪雪雪雪雪雪 averyveryveryveryverylongword";
        for width in 12..40 {
            let lines = wrap(text, width, "  ");
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:?}");
            let joined: String = lines.iter().flat_map(|line| line.chars()).filter(|c| *c != ' ').collect();
            assert_eq!(joined, text.replace(' ', ""));
        }
    }
}
