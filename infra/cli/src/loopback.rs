//! HTTP servers on the loopback addresses. Unlike `axum::serve`, they limit connections and slow requests.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long receiving a request's head may take before the connection is closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Open connections; more wait to be accepted.
const MOST_CONNECTIONS: usize = 256;

/// The wait after accepting fails, usually because no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(200);

/// Attempts to find a port that is free on both addresses.
const ATTEMPTS: u32 = 20;

/// A port on `127.0.0.1` and, if the machine has IPv6, on `[::1]`: `localhost` may be either.
#[derive(Debug)]
pub struct Loopback {
    listeners: Vec<TcpListener>,
    port: u16,
}

/// An address can't be bound.
#[derive(Debug, Error)]
#[error("can't listen on {address}")]
pub struct BindError {
    pub(crate) address: SocketAddr,
    pub(crate) source: io::Error,
}

impl Loopback {
    /// Binds `port`, or a free port for 0.
    pub async fn bind(port: u16) -> Result<Self, BindError> {
        let mut attempts = if port == 0 { ATTEMPTS } else { 1 };
        loop {
            let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let failed = |address| move |source| BindError { address, source };
            let listener = TcpListener::bind(v4).await.map_err(failed(v4))?;
            let port = listener.local_addr().map_err(failed(v4))?.port();
            let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            attempts -= 1;
            let listeners = match TcpListener::bind(v6).await {
                Ok(second) => vec![listener, second],
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempts == 0 => {
                    return Err(failed(v6)(error));
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue,
                // No IPv6.
                Err(_) => vec![listener],
            };
            return Ok(Self { listeners, port });
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until the future is dropped, which closes the connections. With `half_close`, a client that closes its
    /// side of the connection is still answered. Without it, the connections of closed pages are not kept.
    pub async fn serve(self, router: Router, half_close: bool) {
        let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut accepting = JoinSet::new();
        for listener in self.listeners {
            accepting.spawn(accept(listener, router.clone(), half_close, Arc::clone(&connections)));
        }
        // They don't end by themselves.
        accepting.join_all().await;
    }
}

async fn accept(listener: TcpListener, router: Router, half_close: bool, connections: Arc<Semaphore>) {
    let mut open = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                open.spawn(async move {
                    connection(stream, router, half_close).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        while open.try_join_next().is_some() {}
    }
}

/// Serves one connection.
async fn connection(stream: TcpStream, router: Router, half_close: bool) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .half_close(half_close)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A connection that breaks off is the client's concern.
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_loopback_addresses_listen_on_one_port() {
        let loopback = Loopback::bind(0).await.unwrap();
        let port = loopback.port();
        assert_eq!(
            Loopback::bind(port).await.unwrap_err().source.kind(),
            io::ErrorKind::AddrInUse
        );
        for address in [
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        ] {
            let machine_has_it = std::net::TcpListener::bind(SocketAddr::new(address.ip(), 0)).is_ok();
            assert_eq!(TcpStream::connect(address).await.is_ok(), machine_has_it, "{address}");
        }
    }

    #[tokio::test]
    async fn a_port_that_another_program_has_on_either_address_is_taken() {
        let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            return;
        };
        let address = other.local_addr().unwrap();
        let error = Loopback::bind(address.port()).await.unwrap_err();
        assert_eq!(
            (error.address, error.source.kind()),
            (address, io::ErrorKind::AddrInUse)
        );
    }
}
