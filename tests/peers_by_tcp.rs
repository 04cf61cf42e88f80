//! Media by TCP as ordinary telephones have it: a telephone that is written down here waits for the connection and says back what it hears, and tshark reads
//! the frames (RFC 4571) in between.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::thread::JoinHandle;

use sottovoce::sip::{Message, Response};

use crate::process::{finish, installed, own_address, skip, waiting, Answering, Capture, Home};
use crate::sound::share_of_tone;

/// It knows no presence, and takes any call with this description.
fn telephone(address: Ipv4Addr, media: SocketAddr) -> Answering {
    Answering::start((address, 5060).into(), move |bytes| {
        let Ok(Message::Request(request)) = Message::parse(bytes) else { return None };
        let mut response = match request.method().as_str() {
            "ACK" => return None,
            "INVITE" => {
                let offer = String::from_utf8_lossy(request.body());
                assert!(offer.contains(" TCP/RTP/AVP ") && offer.contains("a=setup:actpass\r\n"), "{offer}");
                Response::to(&request, 200, "OK")
            }
            "BYE" => Response::to(&request, 200, "OK"),
            _ => Response::to(&request, 489, "Bad Event"),
        };
        let to = format!("{};tag=p", request.headers().first("To")?);
        response.headers_mut().set("To", &to).unwrap();
        if request.method().as_str() == "INVITE" {
            let answer = format!(
                "v=0\r\no=p 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {} TCP/RTP/AVP 0\r\n\
                 a=setup:passive\r\na=connection:new\r\na=rtcp-mux\r\n",
                media.port()
            );
            response.headers_mut().push("Contact", format!("<sip:p@{address}>")).unwrap();
            response.set_body("application/sdp", answer.into_bytes()).unwrap();
        }
        Some(response.to_bytes().to_vec())
    })
}

/// Takes the connection, and says each packet of sound back in the name of another source, behind a null packet. The packets that came, when it is over.
#[expect(clippy::disallowed_methods, reason = "the telephone's own")]
fn echo(listener: TcpListener) -> JoinHandle<Vec<Vec<u8>>> {
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let (mut came, mut length) = (Vec::new(), [0; 2]);
        while connection.read_exact(&mut length).is_ok() {
            let mut packet = vec![0; usize::from(u16::from_be_bytes(length))];
            connection.read_exact(&mut packet).unwrap();
            if packet[1] & 0x7f == 0 {
                let mut said = packet.clone();
                said[8] ^= 0x80;
                let _ = connection.write_all(&[&[0, 0][..], &length, &said].concat());
            }
            came.push(packet);
        }
        came
    })
}

#[test]
fn a_telephone_that_speaks_rfc_4571_is_called_and_tshark_reads_what_goes_between() {
    if !installed("tshark") || !installed("tcpdump") {
        return skip("tshark or tcpdump is not installed");
    }
    let mut alice = Home::new("alice", "none");
    let sound = "[audio]\ncodecs = [\"pcmu\"]\ninput = \"tone:440\"\n";
    alice.configure(&(alice.usual("none;").replace("udp", "tcp") + sound));
    let phone = own_address();
    let waiting = waiting(phone);
    let media = waiting.local_addr().unwrap();
    let heard = echo(waiting);
    let _answers = telephone(phone, media);
    let file = alice.path("pcap");
    let Some(capture) = Capture::start(&file, &[&alice]) else { return skip("tcpdump may not capture on loopback") };
    alice.start();
    let recorded = alice.path("heard.wav");
    let call = ["call", &format!("sip:p@{phone}"), "--duration", "4", "--record", recorded.to_str().unwrap()];
    alice.run(&call).expect(0);
    let calls = alice.run(&["calls"]).expect(0).json()["calls"].clone();
    assert!(calls[0]["by_tcp"] == true && calls[0]["bundle"] == "none", "{calls}");
    assert_eq!(calls[0]["packets"]["dropped"].as_object().unwrap().len(), 0, "{calls}");
    alice.signal("TERM");
    capture.stop();
    let came = heard.join().unwrap();
    let is_rtcp = |packet: &&Vec<u8>| (200..=207).contains(&packet[1]);
    assert!(came.len() > 150 && came.iter().filter(is_rtcp).count() > 0, "reports go by the same connection");
    let share = share_of_tone(&recorded, 440.0).unwrap();
    assert!(share > 0.6, "{share}");
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&file).args(["-n", "-d", &format!("tcp.port=={},rtp", media.port())]);
    command.args(["-Y", "rtp", "-T", "fields", "-e", "rtp.seq"]).env("XDG_CONFIG_HOME", alice.path("no-config"));
    let shown = finish(&mut command).expect(0).stdout;
    let numbers: Vec<&str> = shown.split(['\n', ',']).filter(|number| !number.is_empty()).collect();
    let sound = came.iter().filter(|packet| !is_rtcp(packet)).count();
    assert!(numbers.len() >= 2 * sound - 10, "{} of {sound} there and back: {shown}", numbers.len());
}
