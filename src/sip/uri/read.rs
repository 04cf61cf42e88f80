use super::escape::{check, HEADER, PARAM, PASSWORD, USER_READ};
use super::{Address, Form, Host, Scheme};
use crate::sip::error::UriError;
use crate::sip::params::Params;

pub(super) fn uri(text: &str) -> Result<(Scheme, Form), UriError> {
    if !text.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"".contains(&b)) {
        return Err(UriError::Character);
    }
    let (name, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
    if !is_scheme(name) || rest.is_empty() {
        return Err(UriError::Scheme);
    }
    let scheme = Scheme::new(name);
    let form = match scheme {
        Scheme::Pres | Scheme::Sip | Scheme::Sips => Form::Address(Box::new(address(rest)?)),
        Scheme::Tel | Scheme::Other(_) => Form::Opaque,
    };
    Ok((scheme, form))
}

fn address(text: &str) -> Result<Address, UriError> {
    let (user, password, rest) = userinfo(text)?;
    let (rest, headers) = match rest.split_once('?') {
        Some((rest, headers)) => (rest, read_headers(headers)?),
        None => (rest, Vec::new()),
    };
    let (hostport, params) = match rest.split_once(';') {
        Some((hostport, params)) => (hostport, read_params(params)?),
        None => (rest, Params::default()),
    };
    let (host, port) = Host::parse_with_port(hostport).ok_or(UriError::Host)?;
    let port = port.transpose().map_err(|()| UriError::Port)?;
    Ok(Address { user, password, host, port, params, headers })
}

/// Cuts `user:password@`. A user may hold `;`, `?` and `/`, so nothing before the `@` is looked
/// at for another purpose; no other part may hold an `@`.
fn userinfo(text: &str) -> Result<(Option<String>, Option<String>, &str), UriError> {
    let Some((info, rest)) = text.split_once('@') else { return Ok((None, None, text)) };
    let (user, password) = match info.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (info, None),
    };
    if user.is_empty() || rest.contains('@') {
        return Err(UriError::User);
    }
    check(user, USER_READ)?;
    check(password.unwrap_or(""), PASSWORD)?;
    Ok((Some(user.to_owned()), password.map(str::to_owned), rest))
}

fn read_params(text: &str) -> Result<Params, UriError> {
    let pairs = text.split(';').map(|param| {
        let (name, value) = pair(param);
        check(name, PARAM)?;
        check(value.unwrap_or(""), PARAM)?;
        if name.is_empty() || value == Some("") {
            return Err(UriError::Parameter);
        }
        Ok((name.to_owned(), value.map(str::to_owned)))
    });
    pairs.collect::<Result<_, _>>().map(Params::from_pairs)
}

fn read_headers(text: &str) -> Result<Vec<(String, String)>, UriError> {
    let pairs = text.split('&').map(|header| {
        let (name, value) = pair(header);
        let value = value.ok_or(UriError::Parameter)?;
        check(name, HEADER)?;
        check(value, HEADER)?;
        if name.is_empty() {
            return Err(UriError::Parameter);
        }
        Ok((name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

fn pair(text: &str) -> (&str, Option<&str>) {
    text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)))
}

fn is_scheme(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}
