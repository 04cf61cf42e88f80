use super::*;

#[test]
fn a_uri_is_written_exactly_as_it_was_read() {
    let texts = [
        "sip:john.doe@h",
        "SIP:Alice:secret@AtLanTa.CoM:5070;Transport=udp;lr?Subject=next%20meeting&priority=urgent",
        "sips:[2001:DB8::10]:5061",
        "sip:user;par=u%40example.net@example.com",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        "tel:+358-555-1234567;postd=pp22",
        "pres:bob@example.com",
        "nobodyKnowsThisScheme:totallyopaquecontent",
        "sip:*21#@pbx",
    ];
    for text in texts {
        assert_eq!(Uri::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn parts_are_found() {
    let uri = Uri::parse("sip:John.Doe:pw@[2001:db8::10]:5070;transport=tcp;lr?a=b&c=").unwrap();
    assert_eq!((uri.user(), uri.password(), uri.port()), (Some("John.Doe"), Some("pw"), Some(5070)));
    assert_eq!(uri.host(), Host::parse("[2001:db8::10]").as_ref());
    assert_eq!(uri.param("Transport"), Some("tcp"));
    assert!(uri.params().has("lr"));
    assert_eq!(uri.headers().collect::<Vec<_>>(), [("a", "b"), ("c", "")]);
    let tel = Uri::parse("TEL:+1").unwrap();
    assert_eq!((tel.scheme(), tel.user(), tel.host(), tel.rest()), (&Scheme::Tel, None, None, "+1"));
}

#[test]
fn an_address_inside_brackets_may_swallow_a_port() {
    // RFC 5118 section 4.3: legal, although the writer meant a port.
    let uri = Uri::parse("sip:[2001:db8::10:5070]").unwrap();
    assert_eq!(uri.port(), None);
}

#[test]
fn what_is_no_uri_is_refused() {
    let cases = [
        ("", UriError::Scheme),
        ("bob", UriError::Scheme),
        ("sip:", UriError::Scheme),
        (":a", UriError::Scheme),
        ("<sip:a@b>", UriError::Character),
        ("sip:a b@h", UriError::Character),
        ("sip:a\r\n@h", UriError::Character),
        ("sip:é@h", UriError::Character),
        ("sip:@h", UriError::User),
        ("sip:a@b@c", UriError::User),
        ("sip:a%4@h", UriError::Escape),
        ("sip:2001:db8::10", UriError::Host),
        ("sip:h:0", UriError::Port),
        ("sip:h:99999", UriError::Port),
        ("sip:a@", UriError::Host),
        ("sip:h;", UriError::Parameter),
        ("sip:h;=1", UriError::Parameter),
        ("sip:h?a", UriError::Parameter),
        ("sip:[2001:db8:::1]", UriError::Host),
    ];
    for (text, problem) in cases {
        assert_eq!(Uri::parse(text).err(), Some(problem), "{text:?}");
    }
    assert_eq!(Uri::parse(b"sip:\xff@h").err(), Some(UriError::Character));
}

#[test]
fn what_is_built_can_be_read() {
    let mut uri = Uri::sip(Some("a b@c"), Host::parse("[::1]").unwrap(), Some(5062));
    uri.set_param("transport", Some("tcp"));
    uri.set_param("x", Some("a;b"));
    assert_eq!(uri.as_str(), "sip:a%20b%40c@[::1]:5062;transport=tcp;x=a%3Bb");
    let read = Uri::parse(uri.as_str()).unwrap();
    assert_eq!(read.user_unescaped().as_deref(), Some("a b@c"));
    uri.remove_param("X");
    assert_eq!(uri.as_str(), "sip:a%20b%40c@[::1]:5062;transport=tcp");
}

/// The examples of RFC 3261 section 19.1.4.
#[test]
fn equivalence_is_that_of_the_rfc() {
    let same = [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ];
    let different = [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@h", "sips:a@h"),
    ];
    let check = |a: &str, b: &str| {
        let (a, b) = (Uri::parse(a).unwrap(), Uri::parse(b).unwrap());
        assert_eq!(a.is_equivalent(&b), b.is_equivalent(&a));
        a.is_equivalent(&b)
    };
    same.iter().for_each(|(a, b)| assert!(check(a, b), "{a} {b}"));
    different.iter().for_each(|(a, b)| assert!(!check(a, b), "{a} {b}"));
}
