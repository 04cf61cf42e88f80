/// What a receiver of Opus asks of whoever sends it (RFC 7587 section 6.1). Left out means what the RFC says it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpusWishes {
    /// `cbr=1`: every packet of one size.
    pub constant_rate: bool,
    /// `useinbandfec=1`: it can use what a packet carries of the one before.
    pub fec: bool,
    /// `usedtx=1`: it would like nothing to be sent where nothing is said.
    pub dtx: bool,
    /// `maxaveragebitrate`, in bit/s, within what Opus can do.
    pub max_bitrate: Option<u32>,
}

impl OpusWishes {
    /// Reads the value of an `fmtp` line. What is not understood is passed over, as what was not said.
    pub(super) fn read(parameters: &str) -> Self {
        let mut wishes = Self::default();
        for (name, value) in parameters.split(';').filter_map(|parameter| parameter.trim().split_once('=')) {
            match (name.trim(), value.trim()) {
                ("cbr", value) => wishes.constant_rate = value == "1",
                ("useinbandfec", value) => wishes.fec = value == "1",
                ("usedtx", value) => wishes.dtx = value == "1",
                ("maxaveragebitrate", value) => {
                    wishes.max_bitrate = value.parse().ok().map(|rate: u32| rate.clamp(6000, 510_000));
                }
                _ => {}
            }
        }
        wishes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_and_the_rest_is_as_the_rfc_has_it() {
        let all = OpusWishes::read("maxplaybackrate=16000; cbr=1;useinbandfec=1; usedtx=1 ;maxaveragebitrate=20000");
        let expected = OpusWishes { constant_rate: true, fec: true, dtx: true, max_bitrate: Some(20_000) };
        assert_eq!(all, expected);
        for nothing in
            ["", ";;=;a", "cbr=2;useinbandfec;usedtx=yes;maxaveragebitrate=-1", "maxaveragebitrate=99999999999"]
        {
            assert_eq!(OpusWishes::read(nothing), OpusWishes::default(), "{nothing}");
        }
        assert_eq!(OpusWishes::read("maxaveragebitrate=5").max_bitrate, Some(6000));
    }
}
