use super::escape::{check, span, ANYWHERE, HEADER, PARAM, PASSWORD, USER_READ};
use super::{octets, Address, Form, Host, Scheme};
use crate::sip::error::UriError;
use crate::sip::octets::Octets;
use crate::sip::token::{self, cut};

static SCHEME: Octets = Octets::alphanumeric_and(b"+-.");

#[inline]
pub(super) fn form(text: &str) -> Result<Form, UriError> {
    // What may stand nowhere is told first. No part of an address may hold it.
    let character = |problem| if ANYWHERE.all(text.as_bytes()) { problem } else { UriError::Character };
    let (scheme, rest) = scheme(text).map_err(character)?;
    let scheme = match scheme {
        Scheme::Pres => &Scheme::Pres,
        Scheme::Sip => &Scheme::Sip,
        Scheme::Sips => &Scheme::Sips,
        other if ANYWHERE.all(text.as_bytes()) => return Ok(Form::Opaque(other)),
        _ => return Err(UriError::Character),
    };
    match address(scheme, rest) {
        Err(problem) => Err(character(problem)),
        read => read,
    }
}

/// The scheme, and what follows its colon.
fn scheme(text: &str) -> Result<(Scheme, &str), UriError> {
    let (name, rest) = text.split_at(SCHEME.prefix(text.as_bytes()));
    let rest = rest.strip_prefix(':').filter(|rest| !rest.is_empty());
    let is_scheme = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    rest.filter(|_| is_scheme).map(|rest| (Scheme::new(name), rest)).ok_or(UriError::Scheme)
}

/// Reads what follows the scheme and its colon.
fn address(scheme: &'static Scheme, rest: &str) -> Result<Form, UriError> {
    let (info, rest) = cut(rest, b'@').map_or((None, rest), |(info, rest)| (Some(info), rest));
    let user = info.map_or(Ok(0), user_len)?;
    let (host, rest) = Host::cut(rest).ok_or(UriError::Host)?;
    let (port, rest) = port(rest)?;
    let (params, rest) = rest.split_at(params_len(rest)?);
    let headers = rest.strip_prefix('?').unwrap_or("");
    match rest.as_bytes() {
        [] => {}
        [b'?', ..] => check_headers(headers)?,
        // Nothing but a user ends with an `@`.
        [b'@', ..] if params.is_empty() => return Err(UriError::User),
        _ if params.is_empty() => return Err(UriError::Host),
        _ => return Err(UriError::Character),
    }
    let (info, params, headers) = (octets(info.unwrap_or("")), octets(params), octets(headers));
    Ok(Form::Address(Address { scheme, user, info, params, headers, port, host }))
}

/// How long the user of `user:password` is. A user may hold `;`, `?` and `/`, so nothing before the `@` is looked at for
/// another purpose.
fn user_len(info: &str) -> Result<u32, UriError> {
    let (user, after) = info.split_at(span(info.as_bytes(), &USER_READ)?);
    let password = after.strip_prefix(':');
    if user.is_empty() {
        return Err(UriError::User);
    }
    if password.is_none() && !after.is_empty() {
        return Err(UriError::Character);
    }
    check(password.unwrap_or(""), &PASSWORD)?;
    Ok(octets(user))
}

/// The port with which `text` begins, if there is one, and what follows it.
fn port(text: &str) -> Result<(Option<u16>, &str), UriError> {
    let Some(text) = text.strip_prefix(':') else { return Ok((None, text)) };
    let (digits, rest) = text.split_at(text.bytes().position(|b| matches!(b, b';' | b'?')).unwrap_or(text.len()));
    match token::digits(digits) {
        Ok(port) if port != 0 => Ok((Some(port), rest)),
        _ => Err(UriError::Port),
    }
}

/// How long the `;name=value;name` is with which `text` begins: no value is empty.
fn params_len(text: &str) -> Result<usize, UriError> {
    let mut rest = text;
    while let Some(param) = rest.strip_prefix(';') {
        let (name, value, after) = pair(param, &PARAM)?;
        if name.is_empty() || value == Some("") {
            return Err(UriError::Parameter);
        }
        rest = after;
    }
    Ok(text.len() - rest.len())
}

/// `name=value&name=value`: a value may be empty.
fn check_headers(text: &str) -> Result<(), UriError> {
    let mut rest = text;
    loop {
        let (name, value, after) = pair(rest, &HEADER)?;
        if name.is_empty() || value.is_none() {
            return Err(UriError::Parameter);
        }
        match after.strip_prefix('&') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(()),
            None => return Err(UriError::Character),
        }
    }
}

/// The name and the value with which `text` begins, and what follows them.
fn pair<'a>(text: &'a str, unescaped: &Octets) -> Result<(&'a str, Option<&'a str>, &'a str), UriError> {
    let (name, after) = text.split_at(span(text.as_bytes(), unescaped)?);
    let Some(value) = after.strip_prefix('=') else { return Ok((name, None, after)) };
    let (value, after) = value.split_at(span(value.as_bytes(), unescaped)?);
    Ok((name, Some(value), after))
}
