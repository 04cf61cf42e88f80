use super::escape::{check, ANYWHERE, HEADER, PARAM, PASSWORD, USER_READ};
use super::{Address, Form, Host, Scheme};
use crate::sip::error::UriError;
use crate::sip::params::Params;
use crate::sip::token::{cut, cut_before};

pub(super) fn uri(text: &str) -> Result<(Scheme, Form), UriError> {
    if !ANYWHERE.all(text.as_bytes()) {
        return Err(UriError::Character);
    }
    let (name, rest) = cut(text, b':').ok_or(UriError::Scheme)?;
    if !is_scheme(name) || rest.is_empty() {
        return Err(UriError::Scheme);
    }
    let scheme = Scheme::new(name);
    let form = match scheme {
        Scheme::Pres | Scheme::Sip | Scheme::Sips => Form::Address(address(text, name.len() + 1)?),
        Scheme::Tel | Scheme::Other(_) => Form::Opaque,
    };
    Ok((scheme, form))
}

/// Reads what follows the scheme and its colon, which are `start` octets.
fn address(text: &str, start: usize) -> Result<Address, UriError> {
    let (user, password, rest) = userinfo(text.get(start..).unwrap_or(""))?;
    let (rest, headers) = cut(rest, b'?').map_or((rest, None), |(rest, headers)| (rest, Some(headers)));
    headers.map_or(Ok(()), check_headers)?;
    let (hostport, params) = cut_before(rest, b';');
    params.strip_prefix(';').map_or(Ok(()), check_params)?;
    let (host, port) = Host::parse_with_port(hostport).ok_or(UriError::Host)?;
    let port = port.transpose().map_err(|()| UriError::Port)?;
    let user = user.map(|user| start..start + user.len());
    let password = password.zip(user.as_ref()).map(|(password, user)| user.end + 1..user.end + 1 + password.len());
    let headers = text.len() - headers.map_or(0, str::len)..text.len();
    Ok(Address { user, password, host, port, params: Params::checked(params), headers })
}

/// Cuts `user:password@`. A user may hold `;`, `?` and `/`, so nothing before the `@` is looked
/// at for another purpose; no other part may hold an `@`.
fn userinfo(text: &str) -> Result<(Option<&str>, Option<&str>, &str), UriError> {
    let Some((info, rest)) = cut(text, b'@') else { return Ok((None, None, text)) };
    let (user, password) = match cut(info, b':') {
        Some((user, password)) => (user, Some(password)),
        None => (info, None),
    };
    if user.is_empty() || cut(rest, b'@').is_some() {
        return Err(UriError::User);
    }
    check(user, &USER_READ)?;
    check(password.unwrap_or(""), &PASSWORD)?;
    Ok((Some(user), password, rest))
}

fn check_params(text: &str) -> Result<(), UriError> {
    text.split(';').try_for_each(|param| {
        let (name, value) = pair(param);
        check(name, &PARAM)?;
        check(value.unwrap_or(""), &PARAM)?;
        if name.is_empty() || value == Some("") {
            return Err(UriError::Parameter);
        }
        Ok(())
    })
}

fn check_headers(text: &str) -> Result<(), UriError> {
    text.split('&').try_for_each(|header| {
        let (name, value) = pair(header);
        check(name, &HEADER)?;
        check(value.ok_or(UriError::Parameter)?, &HEADER)?;
        if name.is_empty() {
            return Err(UriError::Parameter);
        }
        Ok(())
    })
}

fn pair(text: &str) -> (&str, Option<&str>) {
    cut(text, b'=').map_or((text, None), |(name, value)| (name, Some(value)))
}

fn is_scheme(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}
