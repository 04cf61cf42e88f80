use super::Body;

/// A final answer that says no (RFC 3261 sections 21.3 to 21.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 300 to 699; anything else is sent as 500.
    pub status: u16,
    pub reason: String,
    /// Further headers, as `("Warning", "399 host \"text\"")`. One that could not be written is left out.
    pub headers: Vec<(String, String)>,
    pub body: Option<Body>,
}

impl Refusal {
    pub fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), headers: Vec::new(), body: None }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
