use crate::sip::error::FieldProblem;
use crate::sip::token;

/// Parameters of one challenge or answer that are read; more are an error.
const MAX: usize = 32;

/// A scheme and what follows it: `Digest realm="a", qop="auth"` (RFC 3261 section 25.1, `challenge`, `credentials`).
#[derive(Debug)]
pub(super) struct AuthParams {
    pub scheme: String,
    /// Values without their quotes.
    params: Vec<(String, String)>,
}

impl AuthParams {
    pub fn read(value: &str) -> Result<Self, FieldProblem> {
        let (scheme, params) = token::trim(value).split_once([' ', '\t']).ok_or(FieldProblem::Syntax)?;
        let params = token::split(params, b',');
        if params.len() > MAX {
            return Err(FieldProblem::Syntax);
        }
        let params = params.into_iter().map(token::auth_param).collect::<Result<_, _>>()?;
        Ok(Self { scheme: token::token(scheme)?, params })
    }

    /// Of a parameter that is there twice neither counts: two readers could take a different one.
    pub fn value(&self, name: &str) -> Result<Option<&str>, FieldProblem> {
        let mut found = self.params.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (one, None) => Ok(one.map(|(_, value)| value.as_str())),
            _ => Err(FieldProblem::Parameter),
        }
    }
}
