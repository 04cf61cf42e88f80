//! The message that everybody reads: an INVITE of 1 kB as a telephone behind a proxy gets it.

const HEAD: &str = "INVITE sip:bob@192.0.2.44:5060;transport=udp SIP/2.0\r\n\
    Via: SIP/2.0/UDP proxy.example.com:5060;branch=z9hG4bK4b43c2ff8.1;rport\r\n\
    Via: SIP/2.0/UDP 192.0.2.12:5060;branch=z9hG4bKnashds8;received=192.0.2.12;rport=5060\r\n\
    Record-Route: <sip:proxy.example.com;lr>\r\n\
    Max-Forwards: 69\r\n\
    From: \"Alice Liddell\" <sip:alice@example.com>;tag=1928301774\r\n\
    To: Bob <sip:bob@example.com>\r\n\
    Call-ID: a84b4c76e66710f81d4fae7dec11d0a7@192.0.2.12\r\n\
    CSeq: 314159 INVITE\r\n\
    Contact: <sip:alice@192.0.2.12:5060;transport=udp>;expires=3600\r\n\
    Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, SUBSCRIBE, NOTIFY, UPDATE\r\n\
    Supported: timer, replaces, outbound\r\n\
    Session-Expires: 1800;refresher=uac\r\n\
    Min-SE: 90\r\n\
    User-Agent: Telephone/1.0\r\n\
    Content-Type: application/sdp\r\n";

const BODY: &str = "v=0\r\n\
    o=alice 2890844526 2890844526 IN IP4 192.0.2.12\r\n\
    s=-\r\n\
    c=IN IP4 192.0.2.12\r\n\
    t=0 0\r\n\
    m=audio 49172 RTP/AVP 0 8 101\r\n\
    a=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\n\
    a=ptime:20\r\n\
    a=sendrecv\r\n";

pub fn invite() -> Vec<u8> {
    format!("{HEAD}Content-Length: {}\r\n\r\n{BODY}", BODY.len()).into_bytes()
}
