//! A server that plays OnePay's API, for `acuse reconcile` on a laptop and in tests: it has the payments and charges of
//! a file, and fails in the ways in which an API fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use clap::ValueEnum;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

/// The token that the server takes.
pub const TOKEN: &str = "sk_test_local";

/// Items on a page, as OnePay's reference shows it.
const PER_PAGE: usize = 20;

/// What the server has, each as OnePay's reference shows it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Payments, as in <https://docs.onepay.la/client/payments/detail>.
    #[serde(default)]
    pub payments: Vec<Value>,
    /// Charges, as in <https://docs.onepay.la/client/payment-intent/list>.
    #[serde(default)]
    pub payment_intents: Vec<Value>,
    /// Webhooks, as in <https://docs.onepay.la/client/webhooks/list>.
    #[serde(default)]
    pub webhooks: Vec<Value>,
}

/// How the server misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// Every second request is answered 429, with `Retry-After: 1`
    Busy,
    /// Every second request is answered 500
    Error,
    /// Every request is answered 500
    Down,
    /// Answers are cut off in the middle
    Half,
    /// A page has fewer items than it says
    Short,
    /// A web page instead of JSON
    Html,
    /// JSON of another shape
    Shape,
    /// The token has expired: 401
    Expired,
    /// Answers take two seconds
    Slow,
}

#[derive(Debug)]
struct Played {
    data: Data,
    fault: Option<Fault>,
    requests: AtomicUsize,
}

impl Data {
    /// A payment that was paid, one that is pending and one that expired, all created at `at` (RFC 3339).
    pub fn sample(at: &str) -> Self {
        let payment = |id: &str, order: &str, amount: u32, status: &str| {
            let paid_at = (status == "approved").then_some(at);
            json!({
                "id": id, "title": format!("Order {order}"), "currency": "COP", "amount": amount, "status": status,
                "external_id": order, "is_test": true, "created_at": at, "paid_at": paid_at,
            })
        };
        let charge = json!({
            "id": "demo-charge-1", "description": "Order ORD-DEMO-1", "amount": 150_000, "currency": "COP",
            "status": "paid", "source": {"type": "Payment", "id": "demo-payment-1"}, "created_at": at, "paid_at": at,
            "is_test": true, "external_id": "ORD-DEMO-1",
        });
        Self {
            payments: vec![
                payment("demo-payment-1", "ORD-DEMO-1", 150_000, "approved"),
                payment("demo-payment-2", "ORD-DEMO-2", 80_000, "pending"),
                payment("demo-payment-3", "ORD-DEMO-3", 42_500, "expired"),
            ],
            payment_intents: vec![charge],
            webhooks: vec![json!({
                "id": "demo-webhook", "name": "Acuse", "url": "https://example.com/webhooks/onepay",
                "events": ["payment.created", "payment.approved", "payment.expired"], "header": null, "is_test": true,
            })],
        }
    }
}

/// The API with this data, which misbehaves as `fault` says.
pub fn router(data: Data, fault: Option<Fault>) -> Router {
    let played = Played {
        data,
        fault,
        requests: AtomicUsize::new(0),
    };
    Router::new().fallback(answer).with_state(Arc::new(played))
}

async fn answer(State(played): State<Arc<Played>>, uri: Uri, headers: HeaderMap) -> Response {
    let count = played.requests.fetch_add(1, Ordering::Relaxed);
    let every_second = count.is_multiple_of(2);
    match played.fault {
        Some(Fault::Busy) if every_second => {
            let mut busy = error(StatusCode::TOO_MANY_REQUESTS, "Too Many Attempts.");
            busy.headers_mut().insert(RETRY_AFTER, 1.into());
            return busy;
        }
        Some(Fault::Down) => return error(StatusCode::INTERNAL_SERVER_ERROR, "Server Error"),
        Some(Fault::Error) if every_second => return error(StatusCode::INTERNAL_SERVER_ERROR, "Server Error"),
        Some(Fault::Expired) => return error(StatusCode::UNAUTHORIZED, "Unauthenticated."),
        Some(Fault::Slow) => tokio::time::sleep(Duration::from_secs(2)).await,
        _ => {}
    }
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer {TOKEN}")) {
        return error(StatusCode::UNAUTHORIZED, "Unauthenticated.");
    }
    let Some(found) = played.found(&uri) else {
        return error(StatusCode::NOT_FOUND, "Not found.");
    };
    let text = match played.fault {
        Some(Fault::Half) => {
            let text = found.to_string();
            text.chars().take(text.len() / 2).collect()
        }
        Some(Fault::Html) => "<!DOCTYPE html><title>Maintenance</title>".to_owned(),
        Some(Fault::Shape) => json!({"success": true, "result": found}).to_string(),
        _ => found.to_string(),
    };
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

/// As <https://docs.onepay.la/client/base/errors/index> has it.
fn error(status: StatusCode, message: &str) -> Response {
    let body = json!({"message": message, "code": status.as_u16().to_string(), "code_name": "error", "errors": []});
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

impl Played {
    fn found(&self, uri: &Uri) -> Option<Value> {
        let path = uri.path().strip_prefix("/v1/")?;
        let query = uri.query().unwrap_or_default();
        let of_id = |items: &[Value], id: &str| {
            let id = decoded(id);
            items.iter().find(|item| text(item, "id") == id).cloned()
        };
        match path.split_once('/') {
            None if path == "webhooks" => Some(json!({"data": self.data.webhooks})),
            None if path == "payment-intents" => Some(self.page(query)),
            Some(("payments", id)) => of_id(&self.data.payments, id),
            Some(("payment-intents", id)) => of_id(&self.data.payment_intents, id),
            _ => None,
        }
    }

    fn page(&self, query: &str) -> Value {
        let value_of = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(own, _)| decoded(own) == name)
                .map(|(_, value)| decoded(value))
        };
        let mut items = self.data.payment_intents.clone();
        for name in ["id", "status", "external_id"] {
            if let Some(wanted) = value_of(&format!("filter[{name}]")) {
                items.retain(|item| text(item, name) == wanted);
            }
        }
        if let Some(sort) = value_of("sort") {
            let (field, descending) = sort
                .strip_prefix('-')
                .map_or((sort.as_str(), false), |field| (field, true));
            items.sort_by(|a, b| text(a, field).cmp(text(b, field)));
            if descending {
                items.reverse();
            }
        }
        let page: usize = value_of("page").and_then(|page| page.parse().ok()).unwrap_or(1);
        let (total, last_page) = (items.len(), items.len().div_ceil(PER_PAGE).max(1));
        let mut data: Vec<Value> = items
            .into_iter()
            .skip((page.max(1) - 1) * PER_PAGE)
            .take(PER_PAGE)
            .collect();
        if self.fault == Some(Fault::Short) {
            data.truncate(PER_PAGE / 2);
        }
        json!({
            "current_page": page, "last_page": last_page, "per_page": PER_PAGE, "total": total, "data": data,
        })
    }
}

fn text<'v>(item: &'v Value, name: &str) -> &'v str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
