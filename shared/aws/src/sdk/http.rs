//! The SDK's HTTP client, and that of hooks: hyper over HTTP/1.1, with rustls on ring.
//!
//! The SDK's own client supports HTTP/2 and proxies, which AWS's endpoints don't need and which cost 0.7 MB of the
//! binary. It also reads the system's certificates at every start-up; these are compiled in.

use std::sync::Arc;
use std::time::Duration;

use acuse_core::clock::Clock;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

use super::resolver::{Checked, Egress};
use super::wall::WallTimer;
use crate::config;

/// A connection attempt that takes longer fails.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// AWS closes connections that are idle for longer, even while the sandbox is frozen.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Why TLS can't be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum TlsError {
    #[error("AWS_CA_BUNDLE: can't read certificates from {path}")]
    Bundle {
        path: String,
        source: rustls::pki_types::pem::Error,
    },
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
}

/// One client, whose connections all SDK clients share. `clock` measures how long they are idle.
pub(crate) fn client(clock: Arc<dyn Clock>) -> Result<SharedHttpClient, TlsError> {
    Ok(SharedHttpClient::new(Http1(hyper(
        Egress::Any,
        clock,
        CONNECT_TIMEOUT,
    )?)))
}

/// HTTP/1.1 over TLS by ring, for any server.
pub(crate) type Hyper = Client<HttpsConnector<TcpConnector<Checked>>, SdkBody>;

/// A client for servers that `egress` allows, as far as names are resolved; whoever sends checks
/// [the host](Egress::check_host). `clock` measures how long connections are idle.
pub(crate) fn hyper(egress: Egress, clock: Arc<dyn Clock>, connect_timeout: Duration) -> Result<Hyper, TlsError> {
    // With ring instead of the default AWS-LC, the first TLS handshake takes some 23 ms less.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots()?)
        .with_no_client_auth();
    let mut tcp = TcpConnector::new_with_resolver(Checked::new(egress));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(connect_timeout));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(WallTimer::new(clock))
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector))
}

/// The trusted certificates: Mozilla's list, or those in `AWS_CA_BUNDLE`, as in the other SDKs.
fn roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = config::optional("AWS_CA_BUNDLE") else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let bundle = |source| TlsError::Bundle {
        path: path.clone(),
        source,
    };
    for certificate in CertificateDer::pem_file_iter(&path).map_err(bundle)? {
        roots.add(certificate.map_err(bundle)?)?;
    }
    Ok(roots)
}

#[derive(Debug, Clone)]
struct Http1(Hyper);

impl HttpClient for Http1 {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Http1 {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let answered = self.0.request(request);
        HttpConnectorFuture::new(async move {
            // A failure between here and the service may be temporary, so it is one that the SDK retries.
            let response = answered.await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

#[cfg(test)]
mod tests;
