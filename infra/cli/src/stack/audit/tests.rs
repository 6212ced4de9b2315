use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::routing::post;

use super::*;
use crate::stack::running::sdk;

/// A trail in a table of which every call is denied, and how many calls came.
async fn denied() -> (Audit, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let answer = move || {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            (
                StatusCode::BAD_REQUEST,
                r#"{"__type":"AccessDeniedException","message":"not yours"}"#,
            )
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let audit = Audit {
        client: Client::new(&sdk(&endpoint)),
        table: "ledger".to_owned(),
        retention: DAY,
        who: OnceCell::new(),
    };
    (audit, calls)
}

fn begun(audit: &Audit, dry_run: bool) -> Begun<'_> {
    let at = Timestamp::from_rfc3339("2026-11-27T08:15:00Z").unwrap();
    let entry = Entry {
        at,
        who: "ana".to_owned(),
        command: "dlq redrive".to_owned(),
        target: None,
        reason: None,
        count: None,
        outcome: Outcome::Begun,
    };
    let sort = format!("{at}#1");
    Begun {
        audit,
        sort,
        entry,
        dry_run,
    }
}

#[tokio::test]
async fn an_action_that_cannot_be_written_stops_and_names_the_permission() {
    let (audit, _) = denied().await;
    let event = IdempotencyKey::new("onepay#live#payment#p1", "payment.approved");
    let error = begun(&audit, false).to_events([event]).await.unwrap_err();
    assert!(matches!(error, AuditError::Begin { .. }), "{error}");
    assert!(
        error.to_string().contains("without which nothing more is done"),
        "{error}"
    );
    assert!(
        error
            .advice()
            .unwrap()
            .contains("`dynamodb:PutItem` on the table `ledger`")
    );

    let error = begun(&audit, false).end(1, Ok::<_, AuditError>(())).await.unwrap_err();
    assert!(error.to_string().starts_with("done, but"), "{error}");
    assert!(error.advice().unwrap().contains("`dynamodb:UpdateItem`"));
}

#[tokio::test]
async fn an_error_of_the_action_comes_before_one_of_the_trail() {
    let (audit, _) = denied().await;
    let own = AuditError::Who {
        reason: "own".to_owned(),
    };
    let error = begun(&audit, false).end(0, Err::<(), _>(own)).await.unwrap_err();
    assert!(matches!(error, AuditError::Who { .. }), "{error}");
}

#[tokio::test]
async fn a_dry_run_leaves_no_trace() {
    let (audit, calls) = denied().await;
    let begun = begun(&audit, true);
    begun.to_events([IdempotencyKey::new("p", "s")]).await.unwrap();
    begun.end(1, Ok::<_, AuditError>(())).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}
