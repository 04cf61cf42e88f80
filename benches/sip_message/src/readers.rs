//! Each reader does the same three things: read the message, read five of its headers into types (the first Via, From, To,
//! Contact, CSeq), write it.

pub trait Reader {
    const NAME: &'static str;
    type Message;

    fn read(octets: &[u8]) -> Self::Message;

    /// All five, so that none is left out by the compiler.
    fn typed(message: &Self::Message) -> impl Sized;

    fn write(message: &Self::Message) -> impl AsRef<[u8]>;
}

pub struct Sottovoce;

impl Reader for Sottovoce {
    const NAME: &'static str = "sottovoce";
    type Message = sottovoce::sip::Message;

    fn read(octets: &[u8]) -> Self::Message {
        Self::Message::parse(octets).expect("it can be read")
    }

    fn typed(message: &Self::Message) -> impl Sized {
        use sottovoce::sip::headers::{CSeq, Contact, From, To, TypedHeader, Via};
        fn one<H: TypedHeader>(message: &sottovoce::sip::Message) -> H {
            message.headers().typed().expect("it can be read").expect("it is there")
        }
        (one::<Via>(message), one::<From>(message), one::<To>(message), one::<Contact>(message), one::<CSeq>(message))
    }

    fn write(message: &Self::Message) -> impl AsRef<[u8]> {
        message.to_bytes()
    }
}

pub struct SipxSip;

impl Reader for SipxSip {
    const NAME: &'static str = "sipx-sip 1.0.1";
    type Message = sipx_sip::Message;

    fn read(octets: &[u8]) -> Self::Message {
        let octets = bytes::Bytes::copy_from_slice(octets);
        sipx_sip::parse_datagram(octets, &sipx_sip::Limits::datagram()).expect("it can be read")
    }

    fn typed(message: &Self::Message) -> impl Sized {
        use sipx_sip::headers::{CSeq, Contact, From, To, Via};
        fn one<H: sipx_sip::TypedHeader>(message: &sipx_sip::Message) -> H {
            message.headers().typed().expect("it is there").expect("it can be read")
        }
        (one::<Via>(message), one::<From>(message), one::<To>(message), one::<Contact>(message), one::<CSeq>(message))
    }

    fn write(message: &Self::Message) -> impl AsRef<[u8]> {
        message.to_bytes()
    }
}

pub struct Rsipstack;

impl Reader for Rsipstack {
    const NAME: &'static str = "rsipstack 0.7.14";
    type Message = rsipstack::sip::SipMessage;

    fn read(octets: &[u8]) -> Self::Message {
        Self::Message::try_from(octets).expect("it can be read")
    }

    fn typed(message: &Self::Message) -> impl Sized {
        use rsipstack::sip::prelude::*;
        (
            message.via_header().and_then(|via| via.typed()).expect("Via"),
            message.from_header().and_then(|from| from.typed()).expect("From"),
            message.to_header().and_then(|to| to.typed()).expect("To"),
            message.contact_header().and_then(|contact| contact.typed()).expect("Contact"),
            message.cseq_header().and_then(|cseq| cseq.typed()).expect("CSeq"),
        )
    }

    fn write(message: &Self::Message) -> impl AsRef<[u8]> {
        message.to_string()
    }
}

pub struct Rsip;

impl Reader for Rsip {
    const NAME: &'static str = "rsip 0.4.0";
    type Message = rsip::SipMessage;

    fn read(octets: &[u8]) -> Self::Message {
        Self::Message::try_from(octets).expect("it can be read")
    }

    fn typed(message: &Self::Message) -> impl Sized {
        use rsip::prelude::*;
        (
            message.via_header().and_then(|via| via.typed()).expect("Via"),
            message.from_header().and_then(|from| from.typed()).expect("From"),
            message.to_header().and_then(|to| to.typed()).expect("To"),
            message.contact_header().and_then(|contact| contact.typed()).expect("Contact"),
            message.cseq_header().and_then(|cseq| cseq.typed()).expect("CSeq"),
        )
    }

    fn write(message: &Self::Message) -> impl AsRef<[u8]> {
        message.to_string()
    }
}
