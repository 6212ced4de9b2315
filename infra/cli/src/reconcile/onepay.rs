//! OnePay's payments and charges, as its public reference documents reading them:
//!
//! | what | where it is documented |
//! |---|---|
//! | `GET /v1/payments/{id}` | <https://docs.onepay.la/client/payments/detail> |
//! | `GET /v1/payment-intents`, with `filter[status]`, `filter[external_id]`, `sort`, `page` | <https://docs.onepay.la/client/payment-intent/list> |
//! | `GET /v1/payment-intents/{id}` | <https://docs.onepay.la/client/payment-intent/get> |
//! | the statuses of a payment | <https://docs.onepay.la/client/webhooks/payments> |
//! | those of a charge | <https://docs.onepay.la/client/webhooks/charges> |
//!
//! The `charge` of a webhook has a payment intent's members and statuses and, in the reference's examples, its id. The
//! reference does not say in words that they are one.
//!
//! It names no read of a cashout, a subscription or an account, so these are not compared, and it mentions a webhook's
//! audit of deliveries without documenting what it answers.

use std::collections::BTreeSet;

use acuse_core::clock::Timestamp;
use acuse_core::json::{self, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ReadError, Resource, shape};
use crate::webhooks::ApiError;
use crate::webhooks::client::Answer;
use crate::webhooks::onepay::Onepay;

/// A payment's kind, as event types have it.
pub const PAYMENT: &str = "payment";

/// A charge's.
pub const CHARGE: &str = "charge";

/// Most pages of one list. A list that goes on is a server that repeats itself.
const MOST_PAGES: u64 = 10_000;

const EXPECTED_PAGE: &str = "a page of payment intents: an object with `data`, `current_page` and `last_page`";

/// One page of a list.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    current_page: u64,
    last_page: u64,
    per_page: Option<usize>,
}

/// How far a list has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The page that was read.
    pub page: u64,
    /// The last one.
    pub of: u64,
}

impl Onepay {
    /// The payment or charge with this id; `None` if there is none.
    ///
    /// # Errors
    /// [`ReadError`] says what came instead.
    pub async fn resource(&self, kind: &'static str, id: &str) -> Result<Option<Resource>, ReadError> {
        let place = if kind == PAYMENT { "payments" } else { "payment-intents" };
        match self.get(&[place, id], &[]).await {
            Ok(answer) => single(&answer, kind, id).map(Some),
            Err(ApiError::Refused { status: 404, .. } | ApiError::Id(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The charges with this order number.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn charges_of(&self, reference: &str) -> Result<Vec<Resource>, ReadError> {
        let filter = [("filter[external_id]", reference)];
        self.pages(&filter, |_| true, &mut |_| {}).await
    }

    /// The charges that were paid, failed, refunded or disputed since then. What was created before and has failed or
    /// was refunded since is not in it: the API sorts by creation and payment only.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn charges_since(
        &self,
        since: Timestamp,
        on_page: &mut dyn FnMut(Progress),
    ) -> Result<Vec<Resource>, ReadError> {
        let (mut charges, mut seen) = (Vec::new(), BTreeSet::new());
        for (status, sort) in [
            ("paid", "-paid_at"),
            ("failed", "-created_at"),
            ("refunded", "-created_at"),
            ("disputed", "-created_at"),
        ] {
            let query = [("filter[status]", status), ("sort", sort)];
            let found = self.pages(&query, |charge| charge.at.is_none_or(|at| at >= since), on_page);
            let found = found.await?.into_iter();
            // A server that ignores the filter gives the same ones each time.
            charges.extend(found.filter(|charge| seen.insert(charge.id.clone())));
        }
        Ok(charges)
    }

    /// What `wanted` wants of a list, page by page, up to the first page whose last item it does not want. A page that
    /// is not sorted as asked proves nothing about the next one, so that all are read.
    async fn pages(
        &self,
        query: &[(&str, &str)],
        wanted: impl Fn(&Resource) -> bool,
        on_page: &mut dyn FnMut(Progress),
    ) -> Result<Vec<Resource>, ReadError> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut number = 1;
        loop {
            let text = number.to_string();
            let query: Vec<_> = query.iter().copied().chain([("page", text.as_str())]).collect();
            let answer = self.get(&["payment-intents"], &query).await?;
            let (page, resources) = page(&answer, number)?;
            on_page(Progress {
                page: number,
                of: page.last_page,
            });
            let is_sorted = resources.is_sorted_by(|newer, older| newer.at >= older.at);
            let ends = (is_sorted && resources.last().is_some_and(|last| !wanted(last)))
                || is_last(number, page.last_page, resources.len()).map_err(|came| wrong(&answer, came))?;
            // While a list is read, new items push others to the next page.
            found.extend(
                resources
                    .into_iter()
                    .filter(|one| wanted(one) && seen.insert(one.id.clone())),
            );
            if ends {
                return Ok(found);
            }
            number += 1;
        }
    }
}

/// Whether the list ends with this page. What is cut short must not pass for a whole list.
///
/// # Errors
/// What came instead.
fn is_last(number: u64, last_page: u64, items: usize) -> Result<bool, String> {
    if number >= last_page {
        return Ok(true);
    }
    if items == 0 {
        return Err(format!("an empty page {number} of {last_page}"));
    }
    match number >= MOST_PAGES {
        true => Err(format!("a list of more than {MOST_PAGES} pages")),
        false => Ok(false),
    }
}

fn wrong(answer: &Answer, came: String) -> ReadError {
    ReadError::Shape {
        call: answer.call.clone(),
        came,
        expected: EXPECTED_PAGE,
    }
}

fn page(answer: &Answer, number: u64) -> Result<(Page<'_>, Vec<Resource>), ReadError> {
    let wrong = |came| wrong(answer, came);
    let page: Page<'_> = serde_json::from_slice(&answer.body).map_err(|_| wrong(shape::of(&answer.body)))?;
    if page.current_page != number {
        return Err(wrong(format!("page {} instead of page {number}", page.current_page)));
    }
    let length = page.data.len();
    if let Some(whole) = page
        .per_page
        .filter(|whole| length < *whole && page.current_page < page.last_page)
    {
        return Err(wrong(format!(
            "half a page: {length} of {whole} items on page {number} of {}",
            page.last_page
        )));
    }
    let resources: Option<Vec<Resource>> = page.data.iter().map(|item| resource(CHARGE, item.get())).collect();
    let resources = resources.ok_or_else(|| wrong("an item without `id` or `status`".to_owned()))?;
    Ok((page, resources))
}

/// The resource in an answer, which is one or has one as `data`.
fn single(answer: &Answer, kind: &'static str, id: &str) -> Result<Resource, ReadError> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let whole = std::str::from_utf8(&answer.body).ok().map(str::trim);
    let found = whole.and_then(|whole| {
        let wrapped = || serde_json::from_str::<Wrapped<'_>>(whole).ok();
        resource(kind, whole).or_else(|| resource(kind, wrapped()?.data.get()))
    });
    let expected = match kind {
        PAYMENT => "a payment: an object with `id` and `status`",
        _ => "a payment intent: an object with `id` and `status`",
    };
    let wrong = |came| ReadError::Shape {
        call: answer.call.clone(),
        came,
        expected,
    };
    let found = found.ok_or_else(|| wrong(shape::of(&answer.body)))?;
    match found.id == id {
        true => Ok(found),
        false => Err(wrong("another id than the one that was asked for".to_owned())),
    }
}

pub(super) fn resource(kind: &'static str, text: &str) -> Option<Resource> {
    let value = json::parse(text.as_bytes()).ok()?;
    let text_of = |path: &[&str]| value.path(path).and_then(Value::scalar_text);
    let time = |name| Timestamp::from_rfc3339(&text_of(&[name])?);
    let status = text_of(&["status"])?.to_lowercase();
    let paid_at = time("paid_at");
    let pays = text_of(&["source", "type"]).is_some_and(|name| name.eq_ignore_ascii_case(PAYMENT));
    Some(Resource {
        kind,
        id: text_of(&["id"])?,
        amount: text_of(&["amount"]),
        currency: text_of(&["currency"]),
        reference: text_of(&["reference"]).or_else(|| text_of(&["external_id"])),
        is_test: match value.get("is_test") {
            Some(Value::Bool(is_test)) => Some(*is_test),
            _ => None,
        },
        at: paid_at.or_else(|| time("created_at")),
        paid_at: paid_at.filter(|_| ["approved", "paid"].contains(&status.as_str())),
        status,
        payment: text_of(&["source", "id"]).filter(|_| kind == CHARGE && pays),
        json: text.to_owned(),
    })
}

/// What a status means for webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Nothing has come of it yet.
    Open,
    /// One of these types should have come. There are two where the guide and the reference name it differently.
    Sent(&'static [&'static str]),
    /// The reference does not name it.
    Unknown,
}

/// What this status of a payment or charge means.
pub fn means(kind: &str, status: &str) -> Means {
    use Means::{Open, Sent, Unknown};
    match (kind, status) {
        (PAYMENT, "pending" | "in_progress" | "created") | (CHARGE, "created" | "processing" | "pending") => Open,
        // A refunded payment was approved before, and no event of a payment says that it was refunded.
        (PAYMENT, "approved" | "paid" | "refunded") => Sent(&["payment.approved"]),
        (PAYMENT, "declined" | "rejected") => Sent(&["payment.rejected"]),
        (PAYMENT, "expired") => Sent(&["payment.expired"]),
        (PAYMENT, "cancelled") => Sent(&["payment.deleted"]),
        (PAYMENT, "partially_paid") => Sent(&["payment.partially_paid"]),
        (PAYMENT, "partial_expired") => Sent(&["payment.partial_expired"]),
        (CHARGE, "paid") => Sent(&["charge.paid", "charge.succeeded"]),
        (CHARGE, "failed" | "declined") => Sent(&["charge.failed", "charge.declined"]),
        (CHARGE, "refunded") => Sent(&["charge.refunded"]),
        (CHARGE, "disputed") => Sent(&["charge.disputed"]),
        _ => Unknown,
    }
}

/// Why an event of this type can't be taken in for a resource of this status; `None` if it can.
pub fn why_not_ingested(type_name: &str, status: &str) -> Option<&'static str> {
    match (type_name, status) {
        ("payment.approved", "refunded") => Some(
            "the payment was refunded since, so a hook would hand over what is no longer paid for, and no event of a payment says that it was refunded",
        ),
        ("payment.approved" | "payment.expired", _) => None,
        ("charge.paid" | "charge.succeeded", _) => Some(
            "OnePay documents this fact under two names, charge.paid and charge.succeeded, so the key of the webhook can't be foreseen; take in the payment that it pays",
        ),
        ("payment.deleted", _) => Some("OnePay does not document that `cancelled` and payment.deleted are the same"),
        _ => Some(
            "it may happen more than once, so its key has the time and the bytes of the webhook, which the API does not tell",
        ),
    }
}

#[cfg(test)]
mod tests;
