//! What a local stack is started with, and what it keeps for the next start.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use acuse_cli::local::{Options, Progress, Running, Stack};
use acuse_core::providers::kuenta;
use acuse_core::receive::secrets::Secrets;
use acuse_tests::eventually::eventually;
use acuse_tests::post::{Post, url};
use acuse_tests::running::payments;

use crate::stack::payment;

const SECRET: &str = r#"{"signing_secrets": ["the-owners-own-secret"]}"#;

/// The status of a payment signed with the owner's secret, or with the local one.
async fn send(running: &Running, is_own: bool) -> u16 {
    let (provider, body) = (&kuenta::PROVIDER, payment(&kuenta::PROVIDER));
    let secrets = Secrets::parse(provider, SECRET).unwrap();
    let post = match is_own {
        true => Post::signed_with(provider, body.as_bytes(), &secrets),
        false => Post::signed(provider, body.as_bytes()),
    };
    let client = acuse_cli::http::client().unwrap();
    post.send(&client, &url(running, provider)).await.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_stack_has_the_owners_settings_and_goes_on_where_it_stopped() {
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept-stack");
    // Of an earlier run.
    let _ = fs::remove_file(state.join("kept.json"));
    let own = tempfile::tempdir().unwrap();
    let seed = own.path().join("infra/local/seed");
    fs::create_dir_all(&seed).unwrap();
    fs::write(
        seed.join("a.json"),
        r#"{"PaymentsTable": [{"pk": "seed", "status": "open"}]}"#,
    )
    .unwrap();
    fs::write(
        own.path().join("local.secrets.json"),
        format!(r#"{{"kuenta": {SECRET}}}"#),
    )
    .unwrap();

    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let mut options = Options::isolated(&state);
    options.keep = true;
    options.own = Some(own.path().to_owned());
    options.parameters = vec![("RetentionDays".to_owned(), "30".to_owned())];
    options.progress = Progress::default().with_log(move |line| log.lock().unwrap().push(line.to_owned()));
    let stack = Stack::start(options.clone()).await.unwrap();

    let variables = fs::read_to_string(stack.env_file()).unwrap();
    assert!(variables.lines().any(|line| line == "RETENTION_DAYS=30"), "{variables}");
    assert_eq!(send(stack.running(), true).await, 200);
    assert_eq!(send(stack.running(), false).await, 401);
    let kept = eventually("the payment beside the seed", async || {
        Some(payments(stack.running()).await).filter(|payments| payments.len() == 2)
    })
    .await;
    assert_eq!(kept["seed"]["status"], "open");
    // A problem is seen, and what comes with every delivery is not.
    let refused = eventually("the refused delivery's line", async || {
        lines
            .lock()
            .unwrap()
            .iter()
            .find(|line| line.contains("delivery refused"))
            .cloned()
    })
    .await;
    assert!(refused.contains(" WARN  kuenta   delivery refused  "), "{refused}");
    for line in lines.lock().unwrap().iter() {
        assert!(!line.contains("delivery queued") && !line.contains("_aws"), "{line}");
    }
    stack.stop().await;

    // The seed is of the first start only, and the secret is kept.
    fs::write(
        seed.join("a.json"),
        r#"{"PaymentsTable": [{"pk": "later", "status": "open"}]}"#,
    )
    .unwrap();
    fs::remove_file(own.path().join("local.secrets.json")).unwrap();
    let stack = Stack::start(options.clone()).await.unwrap();
    assert_eq!(payments(stack.running()).await, kept);
    assert_eq!(send(stack.running(), true).await, 200);
    drop(stack);

    options.keep = false;
    options.own = None;
    options.parameters.clear();
    let stack = Stack::start(options.clone()).await.unwrap();
    assert!(payments(stack.running()).await.is_empty());
    assert_eq!(send(stack.running(), false).await, 200);
    stack.stop().await;

    options.parameters = vec![("Environment".to_owned(), "prod".to_owned())];
    let error = Stack::start(options).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "--parameter: Environment must be one of live, test, any, not `prod`"
    );
}
