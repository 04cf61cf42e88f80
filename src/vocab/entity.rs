use std::fmt;

/// A presentity URI, `pres:`, `sip:` or `sips:` (PROTOCOL section 1; RFC 3859, RFC 3261 section 19.1).
///
/// Scheme and host are held in lower case, the user part as written, so that two spellings of one
/// entity compare equal; parameters and headers are not part of an entity and are refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entity(String);

/// Why a text names no entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntityError {
    #[error("an entity starts with sip:, sips: or pres:")]
    Scheme,
    #[error("an entity is sip:user@host or sip:host, without parameters, spaces or control characters")]
    Form,
    #[error("an entity has at most {} octets", Entity::MAX_LEN)]
    Length,
}

impl Entity {
    /// Longest entity that is read from a peer, in octets.
    pub const MAX_LEN: usize = 256;

    pub fn parse(text: &str) -> Result<Self, EntityError> {
        if text.len() > Self::MAX_LEN {
            return Err(EntityError::Length);
        }
        let (scheme, rest) = text.split_once(':').ok_or(EntityError::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        if !["sip", "sips", "pres"].contains(&scheme.as_str()) {
            return Err(EntityError::Scheme);
        }
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let clean = |part: &str, more: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.!~*'()%&=+$,/".contains(c) || more.contains(c))
        };
        if !clean(host, ":[]") || user.is_some_and(|u| !clean(u, "#")) {
            return Err(EntityError::Form);
        }
        let host = host.to_ascii_lowercase();
        Ok(Self(match user {
            Some(user) => format!("{scheme}:{user}@{host}"),
            None => format!("{scheme}:{host}"),
        }))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host as written, with its port when it has one: `192.168.1.2:5062`, `[2001:db8::1]`, `example.com`.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        rest.rsplit_once('@').map_or(rest, |(_, host)| host)
    }

    /// The user part, when there is one.
    pub fn user(&self) -> Option<&str> {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        rest.rsplit_once('@').map(|(user, _)| user)
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_of_scheme_and_host_does_not_matter_but_of_the_user_it_does() {
        let entity = Entity::parse("SIP:Bob@Example.COM").unwrap();
        assert_eq!(entity.as_str(), "sip:Bob@example.com");
        assert_eq!((entity.user(), entity.host()), (Some("Bob"), "example.com"));
    }

    #[test]
    fn what_is_no_entity_is_refused() {
        for bad in ["bob", "tel:1", "sip:", "sip:@h", "sip:bob@h;transport=tcp", "sip:bob@h\r\n", "sip:a b@h"] {
            assert!(Entity::parse(bad).is_err(), "{bad:?}");
        }
    }
}
