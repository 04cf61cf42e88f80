use super::{SetkeyError, MAX_TEXT};

/// A word, a `;` or a `# sv:` comment, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What stands behind `# sv:`.
    Fields,
    Semicolon,
    Word,
}

impl Token<'_> {
    pub(super) fn error(&self, expected: &str) -> SetkeyError {
        SetkeyError::new(self.line, self.column, Some(self.text), expected)
    }
}

/// Reads tokens one ahead.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
    next: Option<Token<'a>>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, SetkeyError> {
        if text.len() > MAX_TEXT {
            let size = format!("{} octets", text.len());
            return Err(SetkeyError::new(1, 1, Some(&size), "at most 1048576 octets"));
        }
        let mut tokens = Self { rest: text, line: 1, column: 1, next: None };
        tokens.next = tokens.read();
        Ok(tokens)
    }

    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.next
    }

    pub(super) fn advance(&mut self) -> Option<Token<'a>> {
        let token = self.next;
        self.next = self.read();
        token
    }

    /// Takes the next token if it is a word.
    pub(super) fn word(&mut self, expected: &str) -> Result<Token<'a>, SetkeyError> {
        match self.peek() {
            Some(token) if token.kind == Kind::Word => {
                self.advance();
                Ok(token)
            }
            _ => Err(self.error(expected)),
        }
    }

    /// False at the end of the text.
    pub(super) fn skip_semicolons(&mut self) -> bool {
        while self.peek().is_some_and(|token| token.kind == Kind::Semicolon) {
            self.advance();
        }
        self.peek().is_some()
    }

    /// An error about the next token.
    pub(super) fn error(&self, expected: &str) -> SetkeyError {
        match self.peek() {
            Some(token) => token.error(expected),
            None => SetkeyError::new(self.line, self.column, None, expected),
        }
    }

    fn read(&mut self) -> Option<Token<'a>> {
        loop {
            self.take(|c| c.is_whitespace());
            let (line, column) = (self.line, self.column);
            let (kind, text) = match self.rest.chars().next()? {
                '#' => match fields(self.take(|c| c != '\n')) {
                    Some(fields) => (Kind::Fields, fields),
                    None => continue,
                },
                ';' => (Kind::Semicolon, self.take_one()),
                _ => (Kind::Word, self.take(|c| !c.is_whitespace() && c != ';' && c != '#')),
            };
            return Some(Token { kind, text, line, column });
        }
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.take_octets(end)
    }

    fn take_one(&mut self) -> &'a str {
        let end = self.rest.chars().next().map_or(0, char::len_utf8);
        self.take_octets(end)
    }

    fn take_octets(&mut self, end: usize) -> &'a str {
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        for c in text.chars() {
            (self.line, self.column) = if c == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        }
        text
    }
}

/// What stands behind `# sv:`; `None` for every other comment.
fn fields(comment: &str) -> Option<&str> {
    comment.trim_start_matches('#').trim_start().strip_prefix("sv:")
}
