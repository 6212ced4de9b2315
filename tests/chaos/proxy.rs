//! Between the functions and AWS: throttles, fails, drops and delays calls.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::net::TcpListener;

/// One call in so many meets a fault.
const ONE_IN: u32 = 8;

/// The proxy, as the test holds it.
pub(super) struct Proxy {
    pub(super) url: String,
    inner: Arc<Inner>,
}

struct Inner {
    target: OnceLock<String>,
    client: reqwest::Client,
    striking: AtomicBool,
    random: Mutex<fastrand::Rng>,
    faults: Faults,
}

/// How often each fault has struck.
#[derive(Debug, Default)]
pub(super) struct Faults {
    throttled: AtomicU32,
    failed: AtomicU32,
    dropped: AtomicU32,
    /// The work was done, and the answer lost.
    unanswered: AtomicU32,
    delayed: AtomicU32,
}

impl Faults {
    pub(super) fn total(&self) -> u32 {
        let all = [
            &self.throttled,
            &self.failed,
            &self.dropped,
            &self.unanswered,
            &self.delayed,
        ];
        all.into_iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl Proxy {
    pub(super) async fn start(random: fastrand::Rng) -> Self {
        let inner = Arc::new(Inner {
            target: OnceLock::new(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            striking: AtomicBool::new(false),
            random: Mutex::new(random),
            faults: Faults::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handle).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner }
    }

    pub(super) fn forward_to(&self, target: &str) {
        self.inner.target.set(target.to_owned()).unwrap();
    }

    pub(super) fn strike(&self, on: bool) {
        self.inner.striking.store(on, Ordering::Relaxed);
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.inner.faults
    }
}

async fn handle(State(proxy): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let draw = |of: u32| proxy.random.lock().unwrap().u32(0..of);
    let fault = match proxy.striking.load(Ordering::Relaxed) && draw(ONE_IN) == 0 {
        true => draw(5),
        false => u32::MAX,
    };
    let count = |counter: &AtomicU32| counter.fetch_add(1, Ordering::Relaxed);
    match fault {
        0 => {
            count(&proxy.faults.throttled);
            return error(StatusCode::BAD_REQUEST, "ThrottlingException");
        }
        1 => {
            count(&proxy.faults.failed);
            return error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError");
        }
        2 => {
            count(&proxy.faults.dropped);
            return hang_up();
        }
        4 => {
            count(&proxy.faults.delayed);
            let delay = u64::from(draw(2500));
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        _ => {}
    }
    let Some(target) = proxy.target.get() else {
        return error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable");
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let call = proxy.client.request(parts.method, format!("{target}{path}"));
    let Ok(answer) = call.headers(parts.headers).body(body).send().await else {
        return hang_up();
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let Ok(content) = answer.bytes().await else {
        return hang_up();
    };
    if fault == 3 {
        count(&proxy.faults.unanswered);
        return hang_up();
    }
    let mut response = Response::new(Body::from(content));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

/// In the form of AWS's JSON protocols.
fn error(status: StatusCode, name: &str) -> Response {
    let body = format!(r#"{{"__type":"{name}","message":"injected"}}"#);
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-errortype", name)
        .body(Body::from(body))
        .unwrap()
}

/// Breaks the connection off.
fn hang_up() -> Response {
    let nothing = futures_util::stream::once(async { Err::<bytes::Bytes, _>(std::io::Error::other("injected")) });
    Response::new(Body::from_stream(nothing))
}
