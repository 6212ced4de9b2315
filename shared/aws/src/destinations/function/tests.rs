use acuse_core::consume::Backoff;
use acuse_core::destination::delivery::{Delivery, Status};
use acuse_core::destination::gate::{Gate, SLOW, State};
use acuse_core::event::Event;
use acuse_core::testing::Dice;

use super::*;
use crate::destinations::fake::{self, Receiver, complete, key, name, queue, status};
use crate::ledger::fake::Requests;

struct Bench {
    client: aws_sdk_dynamodb::Client,
    worker: Worker,
    /// What the queue was asked.
    requests: Requests,
}

impl Bench {
    /// A function for these destinations: a name, a URL, and what else is configured.
    async fn of(destinations: &[(&str, &str, &str)]) -> Self {
        Self::of_event(&fake::event(), destinations).await
    }

    /// The same, which are owed this event.
    async fn of_event(event: &Event, destinations: &[(&str, &str, &str)]) -> Self {
        let client = fake::ledger().await;
        let members = destinations.iter().map(|(name, url, more)| {
            format!(
                r#""{name}": {{"url": "{url}", "signing_secrets": ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"],
                "allow_private": true, "timeout_seconds": 1{more}}}"#
            )
        });
        let text = format!(r#"{{"destinations": {{{}}}}}"#, members.collect::<Vec<_>>().join(","));
        let (sqs, requests) = queue(r#"{"Successful": [], "Failed": []}"#);
        let sdk = fake::sdk(crate::ledger::fake::http(vec![(500, String::new())]).0);
        let setup = Setup::new(sdk.clone(), Variables::listed([])).with_secret("DESTINATIONS_SECRET_ID", &text);
        let worker = Worker {
            providers: acuse_core::providers::ALL,
            configuration: Configuration::from_env(&setup).unwrap(),
            ledger: LedgerReader::new(client.clone(), "ledger"),
            deliveries: Deliveries::new(client.clone(), "ledger"),
            gates: Gates::new(client.clone(), "ledger"),
            sender: Sender::new(sdk, Arc::new(SystemClock)).unwrap(),
            queue: Queue::new(sqs, "https://queue".to_owned()),
            patience: Patience::default(),
            wait_policy: WaitPolicy {
                wait: Backoff {
                    base: Duration::from_secs(2),
                    max: Duration::from_secs(300),
                },
                ..WaitPolicy::default()
            },
            invocations: 2,
            clock: Arc::new(SystemClock),
            random: Arc::new(Dice::fixed(u128::MAX)),
        };
        let names: Vec<_> = destinations.iter().map(|(name, ..)| *name).collect();
        complete(&client, event, &names, SystemClock.now()).await;
        Self {
            client,
            worker,
            requests,
        }
    }

    /// One invocation with a hint for each of these. Returns those that come back.
    async fn hint(&self, destinations: &[&str]) -> Vec<String> {
        self.hint_of_age(destinations, Duration::ZERO).await
    }

    /// The same with hints that were sent so long ago.
    async fn hint_of_age(&self, destinations: &[&str], age: Duration) -> Vec<String> {
        let batch = destinations.iter().map(|name| Received {
            message_id: (*name).to_owned(),
            receipt: (*name).to_owned(),
            text: key(name).message().into(),
            receives: 2,
            sent_at: Some(SystemClock.now().minus(age)),
            ..Received::default()
        });
        let deadline = SystemClock.now().plus(Duration::from_secs(60));
        self.worker.work(batch.collect(), deadline).await
    }

    async fn delivery(&self, destination: &str) -> Delivery {
        self.worker.deliveries.get(&key(destination)).await.unwrap().unwrap()
    }

    async fn gate(&self, destination: &str) -> Gate {
        self.worker.gates.get(&name(destination)).await.unwrap()
    }

    /// For how many seconds messages were hidden.
    fn hidden(&self) -> Vec<u64> {
        let requests = self.requests.lock().unwrap();
        let entries = requests
            .iter()
            .flat_map(|request| request["Entries"].as_array().unwrap());
        entries
            .map(|entry| entry["VisibilityTimeout"].as_u64().unwrap())
            .collect()
    }

    /// Makes a delivery that waits for its next try due at once.
    async fn due(&self, destination: &str) {
        let change = acuse_core::destination::delivery::Change::Requeue;
        let now = SystemClock.now();
        self.worker
            .deliveries
            .change(&key(destination), &change, now)
            .await
            .unwrap();
    }
}

const NONE: [String; 0] = [];

/// A hint of this age came after the commit that it announces.
const SETTLED: Duration = Duration::from_secs(61);

/// A secret that is these texts in turn, and the last one from then on.
fn configured(texts: &[&str]) -> Configuration {
    let answer = |text: &&str| (200, serde_json::json!({ "SecretString": text }).to_string());
    let sdk = fake::sdk(crate::ledger::fake::http(texts.iter().map(answer).collect()).0);
    let variable = ("DESTINATIONS_SECRET_ID".to_owned(), "destinations".to_owned());
    Configuration::from_env(&Setup::new(sdk, Variables::listed([variable]))).unwrap()
}

#[tokio::test]
async fn what_is_owed_is_sent_once_and_recorded() {
    let receiver = Receiver::start(&[&status(200)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    assert_eq!(bench.hint(&["shop"]).await, NONE);
    let delivery = bench.delivery("shop").await;
    assert_eq!((delivery.status, delivery.attempts), (Status::Delivered, 1));
    assert_eq!(delivery.answer.unwrap().body, "said");
    // Another hint, such as that of a duplicate.
    assert_eq!(bench.hint(&["shop"]).await, NONE);
    assert_eq!(receiver.requests().len(), 1);
    assert_eq!(bench.hidden(), Vec::<u64>::new());
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_when_it_is_time() {
    let receiver = Receiver::start(&[&status(500), &status(404), &status(200)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    let delivery = bench.delivery("shop").await;
    assert_eq!(
        (delivery.status, delivery.attempts, delivery.fault),
        (Status::Owed, 1, false)
    );
    assert_eq!(bench.hidden(), [5]);
    // Too early.
    assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    assert_eq!(receiver.requests().len(), 1);
    bench.due("shop").await;
    assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    let delivery = bench.delivery("shop").await;
    assert!(delivery.fault && delivery.error.unwrap().starts_with("answered 404"));
    bench.due("shop").await;
    assert_eq!(bench.hint(&["shop"]).await, NONE);
    let ids: Vec<_> = receiver.requests();
    let id = format!("webhook-id: {}", fake::event().idempotency_key());
    assert!(ids.len() == 3 && ids.iter().all(|request| request.contains(&id)));
}

#[tokio::test]
async fn a_dead_destination_does_not_keep_another_from_its_event() {
    let receiver = Receiver::start(&[&status(200)]).await;
    let bench = Bench::of(&[("dead", "http://127.0.0.1:1/", ""), ("shop", &receiver.url, "")]).await;
    assert_eq!(bench.hint(&["dead", "shop"]).await, ["dead"]);
    assert_eq!(bench.delivery("shop").await.status, Status::Delivered);
    assert_eq!(bench.delivery("dead").await.status, Status::Owed);
    let error = bench.delivery("dead").await.error.unwrap();
    assert!(error.starts_with("the connection failed: tcp connect error"), "{error}");
}

#[tokio::test]
async fn a_slow_destination_that_keeps_its_share_of_invocations_waiting_gets_no_other() {
    let receiver = Receiver::start(&[&status(200)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    let dice = Dice::fixed(0);
    // One of two waits for it.
    let until = SystemClock.now().plus(Duration::from_secs(60));
    let lease = |gate: &mut Gate| {
        gate.took(SLOW);
        gate.lease("other", 1, until, 10, SystemClock.now(), &dice).is_ok()
    };
    assert!(bench.worker.gates.change(&name("shop"), &dice, lease).await.unwrap().1);
    assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    assert_eq!((receiver.requests().len(), bench.hidden()), (0, vec![5]));
    let give_back = |gate: &mut Gate| gate.give_back("other", &[], 10, SystemClock.now(), &dice);
    bench
        .worker
        .gates
        .change(&name("shop"), &dice, give_back)
        .await
        .unwrap();
    assert_eq!(bench.hint(&["shop"]).await, NONE);
}

#[tokio::test]
async fn gone_pauses_the_destination_and_keeps_what_it_is_owed() {
    let receiver = Receiver::start(&[&status(410)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    assert_eq!(bench.hint(&["shop"]).await, NONE);
    assert_eq!(bench.delivery("shop").await.status, Status::Owed);
    let State::Paused(pause) = bench.gate("shop").await.state(SystemClock.now()) else {
        panic!("not paused")
    };
    assert_eq!(pause.reason, "answered 410 Gone");
    assert_eq!(bench.hint_of_age(&["shop"], SETTLED).await, NONE);
    assert_eq!(receiver.requests().len(), 1, "nobody calls a paused destination");
}

#[tokio::test]
async fn a_destination_that_an_operator_paused_keeps_what_it_is_owed() {
    let receiver = Receiver::start(&[&status(200)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, r#", "paused": true"#)]).await;
    // Whoever resumes it now may not see yet what it is owed.
    assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    assert_eq!(bench.hidden(), [60]);
    assert_eq!(bench.hint_of_age(&["shop"], SETTLED).await, NONE);
    assert_eq!(
        (bench.delivery("shop").await.status, receiver.requests().len()),
        (Status::Owed, 0)
    );
}

#[tokio::test]
async fn failures_in_a_row_close_the_gate_until_a_probe_succeeds() {
    let receiver = Receiver::start(&[&status(503)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    for _ in 0..5 {
        bench.due("shop").await;
        assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    }
    assert!(matches!(
        bench.gate("shop").await.state(SystemClock.now()),
        State::Closed { .. }
    ));
    bench.due("shop").await;
    assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    assert_eq!(receiver.requests().len(), 5, "a closed gate lets nothing through");
    // Ten seconds of a closed gate, and thirty over which messages come back.
    assert!(matches!(bench.hidden().last(), Some(39..=41)), "{:?}", bench.hidden());
}

#[tokio::test]
async fn what_a_destination_does_not_want_any_more_is_skipped() {
    let receiver = Receiver::start(&[&status(200)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, r#", "types": ["payout.*"]"#)]).await;
    assert_eq!(bench.hint(&["shop"]).await, NONE);
    assert_eq!(bench.delivery("shop").await.status, Status::Skipped);
    let removed = Bench::of(&[]).await;
    complete_for(&removed, "shop").await;
    assert_eq!(removed.hint(&["shop"]).await, NONE);
    assert_eq!(removed.delivery("shop").await.status, Status::Skipped);
    assert_eq!(receiver.requests(), Vec::<String>::new());
}

/// Makes the event owed to a destination that is not configured.
async fn complete_for(bench: &Bench, destination: &str) {
    let now = SystemClock.now();
    let write = bench.worker.deliveries.owe(&key(destination), now, now, now).unwrap();
    bench
        .client
        .transact_write_items()
        .transact_items(write)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_destination_with_a_mistake_gets_nothing_and_loses_nothing() {
    let bench = Bench::of(&[("shop", "http://shop.example/", "")]).await;
    assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    assert_eq!(bench.delivery("shop").await.status, Status::Owed);
}

#[tokio::test]
async fn a_hint_without_a_delivery_is_dropped_once_the_event_owes_nothing() {
    let receiver = Receiver::start(&[&status(200)]).await;
    // The event is completed, and owed to nobody.
    let text = receiver.url.clone();
    let bench = Bench::of(&[]).await;
    let known = Bench::of(&[("shop", &text, "")]).await;
    let worker = Worker {
        deliveries: bench.worker.deliveries.clone(),
        ledger: bench.worker.ledger.clone(),
        ..known.worker
    };
    let known = Bench {
        client: known.client,
        worker,
        requests: known.requests,
    };
    assert_eq!(known.hint(&["shop"]).await, NONE);
    // There is no record yet: the hint came before the commit.
    let empty = fake::ledger().await;
    let worker = Worker {
        deliveries: Deliveries::new(empty.clone(), "ledger"),
        ledger: LedgerReader::new(empty, "ledger"),
        ..known.worker
    };
    let before = Bench {
        client: known.client,
        worker,
        requests: known.requests,
    };
    assert_eq!(before.hint(&["shop"]).await, ["shop"]);
    assert_eq!(receiver.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_owed_for_too_long_is_given_up_after_a_last_try() {
    let receiver = Receiver::start(&[&status(500)]).await;
    let mut bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    bench.worker.patience.give_up_after = Duration::ZERO;
    assert_eq!(bench.hint(&["shop"]).await, NONE);
    let delivery = bench.delivery("shop").await;
    assert_eq!((delivery.status, receiver.requests().len()), (Status::GivenUp, 1));
}

#[tokio::test]
async fn an_event_that_no_queue_takes_is_given_up_at_once_and_says_why() {
    let long = "a".repeat(1024 * 1024);
    let payload = format!(
        r#"{{"payment":{{"id":"p-1","amount":150000.10,"title":"{long}"}},"event":{{"type":"payment.approved"}}}}"#
    );
    let mut bench = Bench::of_event(&fake::event_with(&payload), &[("shop", "http://127.0.0.1:1/", "")]).await;
    let queue = r#"{"destinations": {"shop": {"url": "sqs:arn:aws:sqs:us-east-1:123456789012:events"}}}"#;
    let setup = Setup::new(
        fake::sdk(crate::ledger::fake::http(vec![(500, String::new())]).0),
        Variables::listed([]),
    );
    let setup = setup.with_secret("DESTINATIONS_SECRET_ID", queue);
    bench.worker.configuration = Configuration::from_env(&setup).unwrap();
    assert_eq!(bench.hint(&["shop"]).await, NONE);
    let delivery = bench.delivery("shop").await;
    assert_eq!((delivery.status, delivery.attempts), (Status::GivenUp, 1));
    let error = delivery.error.unwrap();
    assert!(error.contains("SQS takes 1048576"), "{error}");
    // The queue has done nothing wrong.
    assert_eq!(bench.gate("shop").await.state(SystemClock.now()), State::Open);
}

#[tokio::test]
async fn a_message_that_names_nothing_and_a_short_invocation_change_nothing() {
    let receiver = Receiver::start(&[&status(200)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    let message = |id: &str, text: String| Received {
        message_id: id.to_owned(),
        receipt: id.to_owned(),
        text: text.into(),
        receives: 1,
        ..Received::default()
    };
    let soon = SystemClock.now().plus(Duration::from_secs(3));
    let batch = vec![message("1", "{}".to_owned()), message("2", key("shop").message())];
    assert_eq!(bench.worker.work(batch, soon).await, ["1", "2"]);
    assert_eq!(receiver.requests(), Vec::<String>::new());
    assert_eq!(bench.delivery("shop").await.attempts, 0);
}

#[tokio::test]
async fn what_newer_filters_want_is_not_skipped() {
    let receiver = Receiver::start(&[&status(200)]).await;
    let mut bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    let shop = |types: &str| {
        format!(
            r#"{{"destinations": {{"shop": {{"url": "{}", "signing_secrets": ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"],
            "allow_private": true, "types": ["{types}"]}}}}}}"#,
            receiver.url
        )
    };
    // The consumer has read the second one already when it owes the event.
    bench.worker.configuration = configured(&[&shop("payout.*"), &shop("payment.*")]);
    bench.worker.configuration.get().await.unwrap();
    assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    assert_eq!(bench.delivery("shop").await.status, Status::Owed);
    assert_eq!(bench.hint(&["shop"]).await, NONE);
    assert_eq!(bench.delivery("shop").await.status, Status::Delivered);
}

#[tokio::test]
async fn an_old_hint_does_not_give_up_what_was_requeued() {
    let receiver = Receiver::start(&[&status(503)]).await;
    let bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    for _ in 0..5 {
        bench.due("shop").await;
        assert_eq!(bench.hint(&["shop"]).await, ["shop"]);
    }
    bench.due("shop").await;
    let old = bench.worker.patience.give_up_after;
    assert_eq!(bench.hint_of_age(&["shop"], old).await, ["shop"]);
    assert_eq!(bench.delivery("shop").await.status, Status::Owed);
}

#[tokio::test]
async fn a_hint_outlives_a_pause_that_could_not_be_written() {
    let receiver = Receiver::start(&[&status(410)]).await;
    let mut bench = Bench::of(&[("shop", &receiver.url, "")]).await;
    let refused = r#"{"__type": "com.amazon.coral.validate#ValidationException", "message": "no"}"#;
    let answers = [(200, "{}"), (200, "{}"), (400, refused)];
    let answers = answers.map(|(status, text)| (status, text.to_owned())).to_vec();
    let gates = aws_sdk_dynamodb::Client::new(&fake::sdk(crate::ledger::fake::http(answers).0));
    bench.worker.gates = Gates::new(gates, "ledger");
    assert_eq!(bench.hint_of_age(&["shop"], SETTLED).await, ["shop"]);
    assert_eq!(bench.delivery("shop").await.status, Status::Owed);
}
