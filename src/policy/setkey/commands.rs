use super::token::{Kind, Tokens};
use super::SetkeyError;

/// `flush` or `spdflush`, with what stands before its `;`: setkey(8) lets both name a protocol. `None` leaves the tokens as they are.
pub(super) fn flush(tokens: &mut Tokens<'_>) -> Result<Option<&'static str>, SetkeyError> {
    let Some(word) = tokens.peek().filter(|token| token.kind == Kind::Word) else { return Ok(None) };
    let Some(found) = ["flush", "spdflush"].into_iter().find(|command| *command == word.text) else { return Ok(None) };
    tokens.advance();
    if let Some(protocol) = tokens.peek().filter(|token| token.kind == Kind::Word) {
        if !["ah", "ah-old", "any", "esp", "esp-old", "ipcomp", "tcp"].contains(&protocol.text) {
            return Err(protocol.error("; behind flush and spdflush"));
        }
        tokens.advance();
    }
    match tokens.peek() {
        Some(token) if token.kind == Kind::Semicolon => Ok(Some(found)),
        _ => Err(tokens.error("; behind flush and spdflush")),
    }
}
