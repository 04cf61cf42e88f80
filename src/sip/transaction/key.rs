use crate::sip::Method;

/// Finds a client transaction for a response (RFC 3261 section 17.1.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientKey {
    pub branch: String,
    pub method: Method,
}

/// Finds a server transaction for a request (RFC 3261 section 17.2.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerKey {
    branch: String,
    sent_by: String,
    method: Method,
}

impl ServerKey {
    /// ACK belongs to the transaction of its INVITE.
    pub fn new(branch: String, sent_by: String, method: Method) -> Self {
        let method = if method == Method::Ack { Method::Invite } else { method };
        Self { branch, sent_by, method }
    }

    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The INVITE that a CANCEL with this key takes back (RFC 3261 section 9.2).
    pub fn cancelled(&self) -> Self {
        Self { method: Method::Invite, ..self.clone() }
    }
}
