//! What a certificate proves (RFC 5922 section 7). Of its chain nothing is said here.
//!
//! 1. `sip:` URIs of subjectAltName, their host; not those with a user, which name a person and no domain.
//! 2. Only when there is none of these: the DNS names of subjectAltName.
//!
//! Whether the certificate may be a server's at all is asked before: one that lists its purposes has to list serverAuth, and
//! id-kp-sipDomain (RFC 5924) alone does not do.
//!
//! Compared whole and without regard to case; a wildcard never matches (section 7.2). The common name is never looked at,
//! not even in a certificate without subjectAltName, where RFC 5922 section 7.1 allows it. An address is proven by an
//! iPAddress of subjectAltName and by nothing else.

use std::fmt;

use rustls::pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

use crate::sip::{Scheme, Uri};
use crate::vocab::escape;

/// Names that an error lists.
const SHOWN: usize = 4;

/// A certificate that proves other names than the one that was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrongName {
    wanted: String,
    found: Vec<String>,
}

/// Whether the certificate proves `wanted`.
pub(super) fn check(certificate: &CertificateDer<'_>, wanted: &ServerName<'_>) -> Result<(), WrongName> {
    let wrong = |found: Vec<String>| WrongName { wanted: wanted.to_str().into_owned(), found };
    let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Err(wrong(Vec::new())) };
    let found = identities(&certificate);
    let proven = match wanted {
        ServerName::DnsName(name) => found.iter().any(|found| found.eq_ignore_ascii_case(name.as_ref())),
        ServerName::IpAddress(_) => certificate.verify_is_valid_for_subject_name(wanted).is_ok(),
        _ => false,
    };
    if proven {
        Ok(())
    } else {
        Err(wrong(found))
    }
}

/// The SIP domain identities.
fn identities(certificate: &EndEntityCert<'_>) -> Vec<String> {
    let domains: Vec<String> = certificate.valid_uri_names().filter_map(sip_domain).collect();
    match domains.is_empty() {
        true => certificate.valid_dns_names().map(str::to_owned).collect(),
        false => domains,
    }
}

fn sip_domain(uri: &str) -> Option<String> {
    let uri = Uri::parse(uri).ok().filter(|uri| *uri.scheme() == Scheme::Sip && uri.user().is_none())?;
    uri.host().map(ToString::to_string)
}

impl fmt::Display for WrongName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found: Vec<String> = self.found.iter().take(SHOWN).map(|name| escape(name)).collect();
        let found = if found.is_empty() { "no domain".to_owned() } else { found.join(", ") };
        write!(f, "its certificate does not prove {}: it is for {found}", escape(&self.wanted))
    }
}

impl std::error::Error for WrongName {}
