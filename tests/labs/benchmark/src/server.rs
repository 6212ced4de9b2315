//! A server over HTTP/1.1 that counts its connections.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a server is asked.
pub(crate) type Asked = Request<Incoming>;
/// What it answers.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Where a server listens, and how many connections were opened to it.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicU32>,
}

impl Server {
    /// Serves `answer` on a free port of the loopback interface, over TLS where there is `tls`, for as
    /// long as the program runs.
    pub(crate) async fn start<F>(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = Self {
            address: listener.local_addr()?,
            connections: Arc::default(),
        };
        let connections = Arc::clone(&server.connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                // Without it a small answer may wait for an acknowledgement.
                let _ = stream.set_nodelay(true);
                let (tls, answer) = (tls.clone(), answer.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, answer).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, answer).await,
                            Err(error) => eprintln!("TLS: {error}"),
                        },
                    }
                });
            }
        });
        Ok(server)
    }

    /// How many connections were opened since the last time this was asked.
    pub(crate) fn take_connections(&self) -> u32 {
        self.connections.swap(0, Ordering::Relaxed)
    }
}

/// A connection's errors are those of a process that was ended, and of no interest.
async fn serve<F: Future<Output = Answer> + Send + 'static>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    answer: impl Fn(Asked) -> F + Send + Sync,
) {
    let service = service_fn(|asked| {
        let answered = answer(asked);
        async { Ok::<_, Infallible>(answered.await) }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An answer of `status` with a JSON body.
pub(crate) fn json(status: u16, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let json = http::HeaderValue::from_static("application/x-amz-json-1.0");
    answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
    answer
}
