use super::Stream;
use crate::media::associations::{Opening, Sealing};
use crate::media::generation::{Generation, Terms};
use crate::media::keying::Keying;
use crate::media::{Associations, Following, FreshSender, Rekeying};
use crate::srtp::Receiver;
use crate::vocab::Now;

/// What a stream goes on with when its sides have agreed anew.
impl Stream {
    /// Goes on under what both sides agreed anew. Sound and its numbers go on as they were. Who speaks first does so at once, by RTCP
    /// while nothing else is to be said.
    pub fn rekey(&mut self, now: Now, rekeying: Rekeying) {
        let speaks_first = rekeying.speaks_first;
        // Whoever is taken at his word of where he is, is so of the new place too.
        self.only_from = self.only_from.map(|_| rekeying.remote.ip().to_canonical());
        self.waits |= rekeying.heard_first;
        self.generations.settle(now.mono);
        let around = self.tunnel.as_ref().map(|tunnel| tunnel.around());
        let Rekeying { local, remote, peer, spd, default_level, outbound, inbound, following, .. } = rekeying;
        let upper = self.generations.upper();
        let terms = Terms { local, remote, upper, peer, spd, default_level, outbound, inbound, around };
        match following {
            Following::Ipsec(protection) => {
                let next = Generation::new(terms, protection.into());
                if next.room() > self.room.len() {
                    self.room = vec![0; next.room()].into_boxed_slice();
                }
                self.generations.rekey(now.mono, next, speaks_first);
            }
            Following::Srtp { sender, receiver } => self.go_on(terms, sender, receiver),
            Following::Dtls { handshake, ssrc } => {
                let (keying, none) = Keying::of(Associations::Dtls(handshake));
                self.keying = keying;
                self.generations.replace(Generation::new(terms, none));
                self.begin_source(ssrc);
            }
        }
        if speaks_first {
            self.reports.hurry(now.mono);
        }
    }

    fn go_on(&mut self, terms: Terms, sender: Option<FreshSender>, receiver: Option<Box<Receiver>>) {
        match &mut self.keying {
            Some(keying) if sender.is_none() && receiver.is_none() => keying.forget_peer(),
            _ => self.keying = None,
        }
        if let Some(fresh) = &sender {
            self.begin_source(fresh.ssrc);
        }
        let sealing = sender.map(|fresh| Sealing::Srtp(fresh.sender));
        self.generations.go_on(terms, (sealing, receiver.map(Opening::Srtp)));
    }

    fn begin_source(&mut self, ssrc: u32) {
        (self.next.ssrc, self.next.marker) = (ssrc, true);
        self.reports.begin_source(ssrc);
    }
}
