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

    /// Whether the other may be another spelling of this one: another scheme, the scheme's own port, the root's dot, what is escaped (RFC 3261 section 19.1.4 and 25.1
    /// compare more strictly). **Ours**: for refusals, where the wider comparison is the safer one.
    pub fn may_be(&self, other: &Self) -> bool {
        let parts = |entity: &Self| {
            let host = entity.host();
            let host = host.strip_suffix(":5060").or_else(|| host.strip_suffix(":5061")).unwrap_or(host);
            (entity.user().map(unescaped), host.trim_end_matches('.').to_owned())
        };
        parts(self) == parts(other)
    }
}

/// With its `%61` as what they stand for.
fn unescaped(text: &str) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let [first, rest @ ..] = left {
        let escaped = rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let octet = escaped.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(octet.unwrap_or(*first));
        left = if octet.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    plain
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
    fn spellings_of_one_name_are_told_from_other_names() {
        let entity = |text: &str| Entity::parse(text).unwrap();
        for same in ["sip:bob@h:5060", "sips:bob@H", "pres:bob@h", "sip:%62ob@h", "sips:b%6Fb@h:5061"] {
            assert!(entity("sip:bob@h").may_be(&entity(same)), "{same}");
        }
        for other in ["sip:BOB@h", "sip:bob@h:5070", "sip:robert@h", "sip:h", "sip:bob@h.example", "sip:bo%2@h"] {
            assert!(!entity("sip:bob@h").may_be(&entity(other)), "{other}");
        }
    }

    #[test]
    fn what_is_no_entity_is_refused() {
        for bad in ["bob", "tel:1", "sip:", "sip:@h", "sip:bob@h;transport=tcp", "sip:bob@h\r\n", "sip:a b@h"] {
            assert!(Entity::parse(bad).is_err(), "{bad:?}");
        }
    }
}
