use std::path::{Path, PathBuf};

use super::document::{Section, Value};
use crate::agent::Listen;
use crate::io::{Tls, TlsFiles};
use crate::sip::Transport;
use crate::vocab::Failure;

const KEYS: [&str; 3] = ["certificate", "key", "ca"];

/// `[tls]`: each file is read, so that what is wrong with it is told before anything starts.
pub(super) fn files(top: &Section<'_, '_>, listen: &[Listen], base: &Path) -> Result<TlsFiles, Failure> {
    let listens = listen.iter().any(|listen| listen.transport == Transport::Tls);
    let pair = "both: certificate = \"FILE\" and key = \"FILE\"";
    let Some(section) = top.section("tls", &KEYS)? else {
        let what = "sip.listen has a tls: address, and there is no certificate";
        return if listens {
            Err(top.refuse(what, "a section [tls] with certificate and key"))
        } else {
            Ok(TlsFiles::default())
        };
    };
    let certificate = section.read("certificate", |v| file(v, base, CERTIFICATE, TlsFiles::check_certificate))?;
    let key = section.read("key", |v| file(v, base, KEY, TlsFiles::check_key))?;
    let ca = section.read("ca", |v| file(v, base, CA, TlsFiles::check_ca))?;
    if certificate.is_some() != key.is_some() || listens && key.is_none() {
        return Err(section.refuse("a certificate is of no use without its key, and no key without it", pair));
    }
    let files = TlsFiles { certificate, key, ca };
    Tls::new(&files).map_err(|why| section.refuse(&why, "a certificate and the key that it was made for"))?;
    Ok(files)
}

const CERTIFICATE: &str = "the name of a PEM file: your certificate first, then those that it was signed by";
const KEY: &str = "the name of a PEM file of your own (chmod 600) with the key, without a password";
const CA: &str = "the name of a PEM file with the certificates that you trust";

fn file(
    value: &Value<'_, '_>,
    base: &Path,
    expected: &str,
    check: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, Failure> {
    let name = value.text(expected, |text| (!text.is_empty()).then(|| text.to_owned()))?;
    let path = base.join(name);
    check(&path).map_err(|why| value.refuse_because(&why, expected))?;
    Ok(path)
}
