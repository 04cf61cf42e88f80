//! Enough of Rust's lexical structure to tell code from comments, strings and tests.

/// The text without comments, string contents, and items behind `#[cfg(test)]`.
pub fn code_only(text: &str) -> String {
    without_tests(&without_comments(text))
}

fn without_comments(text: &str) -> String {
    let octets: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < octets.len() {
        let rest = &octets[at..];
        at += match rest {
            ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => block_comment(rest),
            ['r', '#' | '"', ..] if !out.ends_with(is_word) && raw_string(rest).is_some() => {
                out.push_str("\"\"");
                raw_string(rest).unwrap()
            }
            ['"', ..] => {
                out.push_str("\"\"");
                string(rest)
            }
            ['\'', '\\', _, '\'', ..] => 4,
            ['\'', _, '\'', ..] => 3,
            [c, ..] => {
                out.push(*c);
                1
            }
            [] => 1,
        };
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(text: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn raw_string(text: &[char]) -> Option<usize> {
    let hashes = text[1..].iter().take_while(|c| **c == '#').count();
    if text.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let from = 2 + hashes;
    let length = text[from..].windows(end.len()).position(|window| *window == end[..])?;
    Some(from + length + end.len())
}

fn string(text: &[char]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// Drops each item that `#[cfg(test)]` stands before.
fn without_tests(text: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let Some((before, after)) = text.split_once(MARK) else { return text.to_owned() };
    let mut depth = 0usize;
    let mut end = after.len();
    for (at, c) in after.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (c == ';' || c == '}' || c == ',') {
            end = at + 1;
            break;
        }
    }
    format!("{before}{}", without_tests(&after[end..]))
}

#[test]
fn code_is_what_is_left() {
    let text = r##"
        // crate::a
        /* crate::b /* nested */ */
        let x = "crate::c"; let y = r#"crate::d"#; let q = '"'; crate::e;
        #[cfg(test)]
        mod tests { use crate::f; }
        crate::g
    "##;
    let code = code_only(text);
    for gone in ["a", "b", "c", "d", "f"] {
        assert!(!code.contains(&format!("crate::{gone}")), "{gone} in {code}");
    }
    assert!(code.contains("crate::e") && code.contains("crate::g"));
}
