//! Certificates of an authority of the test's own, which a process trusts by `SSL_CERT_FILE`.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Leads to this machine as well, and is none of its own addresses by their looks: what is sent there is encrypted.
pub(crate) const ELSEWHERE: &str = "0.0.0.0";

/// Writes an authority into a folder (`authority.pem`), and the certificate of a server on this machine that it
/// vouches for (`certificate.pem`, `key.pem`).
pub(crate) fn write_certificates(folder: &Path) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names = ["localhost", "127.0.0.1", ELSEWHERE].map(str::to_owned);
    let (params, key) = (
        CertificateParams::new(names).unwrap(),
        KeyPair::generate().unwrap(),
    );
    let certificate = params.signed_by(&key, &authority).unwrap();
    for (name, text) in [
        ("authority.pem", authority.pem()),
        ("certificate.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}
