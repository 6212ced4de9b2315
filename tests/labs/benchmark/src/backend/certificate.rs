//! An authority made for one run, and the certificate of `localhost` that it signs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::Error;

/// What speaks TLS, and the file in `folder` that says whom to trust.
pub(super) fn make(folder: &Path) -> Result<(TlsAcceptor, PathBuf), Error> {
    let tls = |source: Box<dyn std::error::Error + Send + Sync>| Error::Tls { source };
    let (authority, server, key) = certificates().map_err(|error| tls(error.into()))?;
    let path = folder.join("authority.pem");
    fs::write(&path, authority).map_err(Error::file("write", &path))?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![server], key))
        .map_err(|error| tls(error.into()))?;
    Ok((TlsAcceptor::from(Arc::new(config)), path))
}

type Made = (String, rustls::pki_types::CertificateDer<'static>, Vec<u8>);

fn certificates() -> Result<Made, rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, "acuse-benchmark, one run only");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    // Python asks for it.
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    let server = server.signed_by(&key, &authority)?;
    Ok((authority.pem(), server.der().clone(), key.serialize_der()))
}
