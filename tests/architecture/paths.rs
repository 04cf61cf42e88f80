//! Paths as source text spells them, braces followed.

/// Every path that begins at the crate `root`, without the root itself; one that is given another name ends in `as`.
pub fn below(text: &str, root: &str) -> Vec<Vec<String>> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| *token == root) {
        match tokens.get(at + 1).map(String::as_str) {
            Some("::") => tree(&tokens, at + 1, &mut Vec::new(), &mut found),
            Some("as") => found.push(vec!["as".to_owned()]),
            _ => {}
        }
    }
    found
}

/// Follows `::a::{b, c::d}` from the token at `at`, and keeps each path that it spells.
pub fn tree(tokens: &[String], at: usize, base: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if tokens.get(at).map(String::as_str) != Some("::") {
        if !base.is_empty() {
            found.push(base.clone());
        }
        return;
    }
    match tokens.get(at + 1).map(String::as_str) {
        Some("{") => {
            let mut depth = 1;
            let mut next = at + 2;
            let mut start = true;
            while depth > 0 && next < tokens.len() {
                match tokens[next].as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    "," if depth == 1 => start = true,
                    word if depth == 1 && start => {
                        base.push(word.to_owned());
                        tree(tokens, next + 1, base, found);
                        base.pop();
                        start = false;
                    }
                    _ => {}
                }
                next += 1;
            }
        }
        Some(word) => {
            base.push(word.to_owned());
            tree(tokens, at + 2, base, found);
            base.pop();
        }
        None => {}
    }
}

/// Words, `::`, braces, commas; the rest as single characters.
pub fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if c.is_alphanumeric() || c == '_' {
            rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            c.len_utf8()
        };
        if !c.is_whitespace() {
            out.push(rest[..length].to_owned());
        }
        rest = &rest[length..];
    }
    out
}
