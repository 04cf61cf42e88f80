use aws_lc_rs::hmac::{Context, Key, HMAC_SHA1_FOR_LEGACY_USE_ONLY};
use is::Sha1HmacProvider;

/// MESSAGE-INTEGRITY (RFC 8489 section 14.5).
#[derive(Debug)]
pub(super) struct Hmac;

impl Sha1HmacProvider for Hmac {
    fn sha1_hmac(&self, key: &[u8], payloads: &[&[u8]]) -> [u8; 20] {
        let mut context = Context::with_key(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, key));
        payloads.iter().for_each(|payload| context.update(payload));
        let mut tag = [0; 20];
        tag.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 section 3, case 2.
    #[test]
    fn it_is_hmac_sha1() {
        let tag = Hmac.sha1_hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex::encode(tag), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }
}
