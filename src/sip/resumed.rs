//! A request that goes elsewhere is still the same to whoever looks at it (RFC 3261 section 8.1.3.4).

use super::Uri;

/// From tag, To, Call-ID and the last number of a request that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestIds {
    pub(crate) call_id: String,
    pub(crate) tag: String,
    /// The To value, without a tag.
    pub(crate) to: String,
    pub(crate) cseq: u32,
}

/// What a new request carries on with.
#[derive(Clone, Debug)]
pub struct Resumed {
    pub ids: RequestIds,
    /// The proxy that it goes through first.
    pub proxy: Option<Uri>,
}

impl Resumed {
    /// The Route header.
    pub(crate) fn route(&self) -> Vec<String> {
        let loose = |proxy: &Uri| {
            let mut proxy = proxy.clone();
            proxy.set_param("lr", None);
            format!("<{proxy}>")
        };
        self.proxy.iter().map(loose).collect()
    }
}
