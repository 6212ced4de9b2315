//! What an operator reads in the log at night.

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::*;

/// The lines that were written on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_says_why_a_refused_delivery_is_not_in_quarantine() {
    /// The queue refuses, or hangs.
    struct Failing(bool);
    impl Outbox for Failing {
        async fn queue(&self, _: &str, _: Message) -> Result<(), OutboxError> {
            panic!("a forgery is not queued");
        }
        async fn quarantine(&self, _: Message) -> Result<(), OutboxError> {
            match self.0 {
                true => std::future::pending().await,
                false => Err(OutboxError {
                    queue: "quarantine",
                    source: "AccessDenied: no permission".into(),
                }),
            }
        }
    }
    for (hangs, error) in [
        (false, "sending to the quarantine queue: AccessDenied: no permission"),
        (true, "out of time"),
    ] {
        let log = Log::default();
        let lines = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || lines.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let scene = Scene::new(GOOD);
        let clock = scene.clock.clone().impatient();
        let verifier = Verifier::new(&kuenta::PROVIDER, &scene.store, Failing(hangs), clock, Dice::default());
        for _ in 0..2 {
            let answer = verifier.receive("default", signed("forged"), body()).await;
            assert_eq!(answer, Answer::Refused("signature"));
            // Another test may have written one of these lines first, where nobody listened: `tracing` notes that once.
            tracing::callsite::rebuild_interest_cache();
        }
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let failed = log.lines().find(|line| line.contains("delivery not quarantined"));
        assert!(failed.unwrap().contains(error), "{log}");
        assert!(log.contains(r#""quarantined":"failed""#), "{log}");
    }
}
