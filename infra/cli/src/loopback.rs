//! HTTP servers on this machine's loopback addresses alone, for whatever connects.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// A connection that has not sent a request's whole head by then is closed.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// Connections at once. More wait to be accepted.
const MOST_CONNECTIONS: usize = 256;

/// How long to wait where accepting fails: no file descriptor is left, as a rule.
const PAUSE: Duration = Duration::from_millis(200);

/// Ports that are free for both addresses are looked for this often.
const TRIES: u32 = 20;

/// `127.0.0.1` and, where the machine has it, `[::1]`, on the same port: whoever connects to
/// `localhost` may take either.
#[derive(Debug)]
pub struct Loopback {
    listeners: Vec<TcpListener>,
    port: u16,
}

impl Loopback {
    /// Opens `port`; any free one for 0.
    ///
    /// # Errors
    /// The address that can't be had, and why.
    pub async fn bind(port: u16) -> Result<Self, (SocketAddr, io::Error)> {
        let mut tries = if port == 0 { TRIES } else { 1 };
        loop {
            let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let listener = TcpListener::bind(v4).await.map_err(|error| (v4, error))?;
            let port = listener.local_addr().map_err(|error| (v4, error))?.port();
            let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            tries -= 1;
            match TcpListener::bind(v6).await {
                Ok(second) => {
                    let listeners = vec![listener, second];
                    return Ok(Self { listeners, port });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    if tries == 0 {
                        return Err((v6, error));
                    }
                }
                // A machine without IPv6.
                Err(_) => {
                    let listeners = vec![listener];
                    return Ok(Self { listeners, port });
                }
            }
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until the future is dropped, and closes its connections then. `to_the_end`: whoever closes their
    /// own side in the middle of a request is answered still. For pages that are open for long, that would be
    /// to keep those that have gone.
    pub async fn serve(self, router: Router, to_the_end: bool) {
        let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut accepting = JoinSet::new();
        for listener in self.listeners {
            accepting.spawn(accept(listener, router.clone(), to_the_end, Arc::clone(&connections)));
        }
        // None of them ends by itself.
        accepting.join_all().await;
    }
}

async fn accept(listener: TcpListener, router: Router, to_the_end: bool, connections: Arc<Semaphore>) {
    let mut open = JoinSet::new();
    loop {
        // Never closed.
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                open.spawn(async move {
                    speak(stream, router, to_the_end).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        while open.try_join_next().is_some() {}
    }
}

/// One connection, to its end.
async fn speak(stream: TcpStream, router: Router, to_the_end: bool) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .half_close(to_the_end)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // It broke off: that is the other side's business.
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
            Loopback::bind(port).await.unwrap_err().1.kind(),
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
        let (named, error) = Loopback::bind(address.port()).await.unwrap_err();
        assert_eq!((named, error.kind()), (address, io::ErrorKind::AddrInUse));
    }
}
