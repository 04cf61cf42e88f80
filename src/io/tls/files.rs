use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::RootCertStore;

use crate::vocab::escape;

/// Largest file that is read, in octets: the certificates of a whole machine are some 200 KiB.
const MAX_FILE: u64 = 4 << 20;

/// Where certificates and our key are, all PEM (RFC 7468).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Ours first, then those that it was signed by. With `key` or not at all.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// Whom we trust; without it, whom this machine trusts.
    pub ca: Option<PathBuf>,
}

impl TlsFiles {
    /// Whether `certificate` can be read and holds one.
    pub fn check_certificate(file: &Path) -> Result<(), String> {
        certificates(file).map(|_| ())
    }

    /// Whether `key` can be read by us alone and holds one.
    pub fn check_key(file: &Path) -> Result<(), String> {
        key(file).map(|_| ())
    }

    /// Whether `ca` can be read and holds somebody to trust.
    pub fn check_ca(file: &Path) -> Result<(), String> {
        roots(file).map(|_| ())
    }
}

pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let octets = read(file)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&octets).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(format!("{} holds no certificate in PEM", shown(file))),
        Err(error) => Err(format!("{} is no PEM: {error}", shown(file))),
    }
}

/// Refuses one that others may read.
pub(super) fn key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let found = std::fs::metadata(file).map_err(|why| unreadable(file, &why))?;
    if found.permissions().mode() & 0o077 != 0 {
        return Err(format!("others may read {}: run chmod 600 on it", shown(file)));
    }
    let octets = zeroize::Zeroizing::new(read(file)?);
    PrivateKeyDer::from_pem_slice(&octets)
        .map_err(|error| format!("{} holds no private key in PEM without a password: {error}", shown(file)))
}

pub(super) fn roots(file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| format!("{} holds a bad certificate: {error}", shown(file)))?;
    }
    Ok(roots)
}

/// Whom this machine trusts. One bad file among many spoils nothing.
pub(super) fn platform_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match roots.is_empty() {
        true => Err("this machine trusts nobody: install its ca-certificates, or set `ca` in [tls]".to_owned()),
        false => Ok(roots),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(file).map_err(|why| unreadable(file, &why))?.len();
    if size > MAX_FILE {
        return Err(format!("{} is too long for certificates", shown(file)));
    }
    std::fs::read(file).map_err(|why| unreadable(file, &why))
}

fn unreadable(file: &Path, why: &std::io::Error) -> String {
    format!("{} cannot be read: {why}", shown(file))
}

fn shown(file: &Path) -> String {
    escape(&file.display().to_string())
}
