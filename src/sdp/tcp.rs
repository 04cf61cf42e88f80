use super::attribute::Attribute;
use super::description::{MediaDescription, SessionDescription};
use super::dtls::Setup;
use super::remote::{Profile, RemoteAudio};

/// How a stream's TCP connection comes to be (RFC 4145 sections 4 and 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpConnection {
    /// Who opens it.
    pub setup: Setup,
    /// The one that there is goes on.
    pub existing: bool,
}

const SETUP: &str = "setup";
const CONNECTION: &str = "connection";

impl TcpConnection {
    /// `None`: it says something that RFC 4145 does not know, or that nobody opens it now (`holdconn`).
    pub(super) fn of(media: &MediaDescription) -> Option<Self> {
        let value = |name: &str| media.attribute(name).map(|attribute| attribute.value.as_deref().unwrap_or("").trim());
        // Whoever says nothing opens it (RFC 4145 section 4).
        let setup = value(SETUP).map_or(Some(Setup::Active), Setup::named)?;
        let existing = match value(CONNECTION) {
            None | Some("new") => false,
            Some("existing") => true,
            Some(_) => return None,
        };
        Some(Self { setup, existing })
    }

    pub(super) fn attributes(self) -> [Attribute; 2] {
        let connection = if self.existing { "existing" } else { "new" };
        [Attribute::new(SETUP, self.setup.name()), Attribute::new(CONNECTION, connection)]
    }

    /// What answers it: where the other side leaves it open, we open it.
    pub(super) fn answered(self) -> Self {
        let setup = if self.setup == Setup::Active { Setup::Passive } else { Setup::Active };
        Self { setup, ..self }
    }

    /// The other side answers this so.
    pub(super) fn fits(self, answer: Self) -> bool {
        let opens = [Setup::Active, Setup::Passive].contains(&answer.setup);
        opens && answer.setup != self.setup && answer.existing == self.existing
    }
}

/// The same offer, of which the stream goes by TCP (RFC 4571 section 4).
pub fn by_tcp(mut offer: SessionDescription, setup: Setup) -> SessionDescription {
    for media in &mut offer.media {
        media.protocol = Profile::named(&media.protocol).unwrap_or(Profile::Avp).by_tcp().name().to_owned();
        media.attributes.extend(TcpConnection { setup, existing: false }.attributes());
    }
    offer
}

/// The same answer to an offer that leaves open who opens the connection: the other side does (RFC 4145 section 4.1).
pub fn opened_from_there(mut answer: SessionDescription) -> SessionDescription {
    let Ok(RemoteAudio { index, connection: Some(connection), .. }) = RemoteAudio::of(&answer) else { return answer };
    if let Some(media) = answer.media.get_mut(index) {
        media.attributes.retain(|attribute| ![SETUP, CONNECTION].contains(&attribute.name.as_str()));
        media.attributes.extend(TcpConnection { setup: Setup::Passive, ..connection }.attributes());
    }
    answer
}

/// In an offer within the session the stream stays on its connection, where it has one.
pub(super) fn keep_connection(offer: &mut SessionDescription) {
    let Ok(RemoteAudio { index, connection: Some(connection), .. }) = RemoteAudio::of(offer) else { return };
    let Some(media) = offer.media.get_mut(index) else { return };
    media.attributes.retain(|attribute| ![SETUP, CONNECTION].contains(&attribute.name.as_str()));
    media.attributes.extend(TcpConnection { existing: true, ..connection }.attributes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Option<TcpConnection> {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9 TCP/RTP/AVP 0\r\n{lines}"
        );
        TcpConnection::of(&SessionDescription::parse(text.as_bytes()).unwrap().media[0])
    }

    fn connection(setup: Setup, existing: bool) -> TcpConnection {
        TcpConnection { setup, existing }
    }

    #[test]
    fn it_is_read_as_it_is_written_and_silence_opens_anew() {
        for setup in [Setup::Active, Setup::Actpass, Setup::Passive] {
            for existing in [false, true] {
                let written = connection(setup, existing).attributes().map(|one| format!("a={one}\r\n")).concat();
                assert_eq!(read(&written), Some(connection(setup, existing)));
            }
        }
        assert_eq!(read(""), Some(connection(Setup::Active, false)));
        for bad in ["a=setup:holdconn\r\n", "a=setup\r\n", "a=connection:old\r\n", "a=connection\r\n"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    /// RFC 4145 section 4.1: what answers what.
    #[test]
    fn one_opens_it_and_the_other_waits() {
        for (offered, answered) in
            [(Setup::Active, Setup::Passive), (Setup::Passive, Setup::Active), (Setup::Actpass, Setup::Active)]
        {
            let offer = connection(offered, false);
            assert_eq!(offer.answered(), connection(answered, false));
            assert!(offer.fits(offer.answered()));
            assert!(!offer.fits(connection(answered, true)) && !offer.fits(connection(Setup::Actpass, false)));
        }
        assert!(!connection(Setup::Active, false).fits(connection(Setup::Active, false)));
        assert!(connection(Setup::Actpass, false).fits(connection(Setup::Passive, false)));
    }
}
