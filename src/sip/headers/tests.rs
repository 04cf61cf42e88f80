use super::*;
use crate::sip::error::WriteError;
use crate::sip::Method;

fn headers(fields: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::default();
    fields.iter().for_each(|(name, value)| headers.push(name, value).unwrap());
    headers
}

#[test]
fn lists_over_several_fields_are_one_list() {
    let headers =
        headers(&[("v", "SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b"), ("Subject", "x, y"), ("VIA", "SIP/2.0/UDP c")]);
    let sent_by: Vec<String> = headers.typed_all::<Via>().unwrap().iter().map(Via::sent_by).collect();
    assert_eq!(sent_by, ["a", "b", "c"]);
    assert_eq!(headers.all("s"), ["x, y"]);
    assert_eq!(headers.count(HeaderName::VIA), 2);
}

#[test]
fn an_empty_list_has_no_value_and_an_empty_element_is_an_error() {
    assert_eq!(headers(&[("Supported", "")]).typed_all::<Supported>(), Ok(vec![]));
    let broken = headers(&[("Allow", "INVITE,,ACK")]).typed_all::<Allow>().unwrap_err();
    assert_eq!(broken.to_string(), "Allow: a token is missing or holds a character that no token has");
}

#[test]
fn set_replaces_all_and_keeps_the_place() {
    let mut headers = headers(&[("Via", "SIP/2.0/UDP a"), ("t", "<sip:a@h>"), ("To", "<sip:b@h>"), ("CSeq", "1 ACK")]);
    headers.set(HeaderName::TO, "<sip:c@h>").unwrap();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Via", "To", "CSeq"]);
    assert_eq!(headers.typed::<To>().unwrap().unwrap().uri.user(), Some("c"));
    headers.remove("T");
    assert_eq!(headers.typed::<To>(), Ok(None));
    headers.push_front("Route", "<sip:p;lr>").unwrap();
    assert_eq!(headers.iter().next().map(|(name, _)| name.clone()), Some(HeaderName::ROUTE));
}

#[test]
fn set_first_changes_one_value_of_a_list() {
    let mut headers = headers(&[("Via", "SIP/2.0/UDP a, SIP/2.0/UDP b"), ("Via", "SIP/2.0/UDP c")]);
    let mut via = headers.typed::<Via>().unwrap().unwrap();
    via.set_rport(7);
    headers.set_first(HeaderName::VIA, &via).unwrap();
    assert_eq!(headers.all("Via"), ["SIP/2.0/UDP a;rport=7", "SIP/2.0/UDP b", "SIP/2.0/UDP c"]);
}

#[test]
fn a_value_that_would_break_the_message_is_refused_and_changes_nothing() {
    let mut headers = headers(&[("CSeq", "1 ACK")]);
    for bad in ["1\r\nVia: x", "1\n", "\0"] {
        assert_eq!(headers.push("Subject", bad), Err(WriteError::Control));
        assert_eq!(headers.set("CSeq", bad), Err(WriteError::Control));
        assert_eq!(headers.set_first("CSeq", bad), Err(WriteError::Control));
    }
    assert_eq!(headers.iter().collect::<Vec<_>>(), [(&HeaderName::CSEQ, "1 ACK")]);
    assert_eq!(headers.typed::<CSeq>().unwrap().unwrap().method, Method::Ack);
}
