//! Several accounts under load: one of them rotates, forged deliveries come between, and no account's delivery is ever
//! taken for another's. On a stack of its own, because forged deliveries would disturb other tests.

use std::collections::BTreeMap;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use acuse_cli::stack::target::Target;
use acuse_core::account::{Account, AccountName, Environment};
use acuse_core::json;
use acuse_core::providers::{kuenta, onepay};
use acuse_core::receive::signature::sign;
use acuse_core::receive::{Outbox, RELOAD_EVERY};
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::{Envelope, Replay};

use super::*;

fn own_state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("operator-crossings")
}

/// Runs `acuse`, which must succeed.
async fn succeeds(arguments: &[&str], input: &str) {
    let output = acuse_in(&own_state(), arguments, input).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// What a webhook at a provider is set up with.
struct Webhook {
    provider: &'static Provider,
    account: &'static str,
    secret: &'static str,
    token: &'static str,
    /// What its events say or, for a provider that says nothing, what they are.
    environment: Environment,
}

const LIVE: Webhook = Webhook {
    provider: &onepay::PROVIDER,
    account: "default",
    secret: "wh_tok_local",
    token: "wh_hdr_local",
    environment: Environment::Live,
};
const TEST: Webhook = Webhook {
    account: "test",
    secret: "wh_tok_test",
    token: "wh_hdr_test",
    environment: Environment::Test,
    ..LIVE
};
const NORTH: Webhook = Webhook {
    provider: &kuenta::PROVIDER,
    account: "north",
    secret: "the-norths-secret",
    token: "",
    environment: Environment::Live,
};
const NORTH_ROTATED: Webhook = Webhook {
    secret: "the-norths-new-secret",
    ..NORTH
};
const SOUTH: Webhook = Webhook {
    account: "south",
    secret: "the-souths-secret",
    ..NORTH
};

impl Webhook {
    /// A new payment: its id and its body.
    fn payment(&self) -> (String, Bytes) {
        let body = payment(self.provider);
        let named = format!(r#""environment": "{}""#, self.environment.name());
        let body = String::from_utf8_lossy(&body).replace(r#""environment": "test""#, &named);
        let reading = (self.provider.read)(&json::parse(body.as_bytes()).unwrap()).unwrap();
        (reading.resource.unwrap().id, body.into())
    }

    /// The ledger's partition of one of its payments.
    fn partition(&self, id: &str) -> String {
        let account = match self.account {
            "default" => String::new(),
            account => format!("/{account}"),
        };
        format!(
            "{}{account}#{}#payment#{id}",
            self.provider.name,
            self.environment.name()
        )
    }
}

/// What came of a webhook's deliveries.
#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicUsize,
    refused: AtomicUsize,
}

impl Counts {
    fn both(&self) -> (usize, usize) {
        (
            self.accepted.load(Ordering::Relaxed),
            self.refused.load(Ordering::Relaxed),
        )
    }

    /// Waits until this many more were answered 200.
    async fn accepted_more(&self, more: usize) {
        let wanted = self.both().0 + more;
        let wait = async {
            while self.both().0 < wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("deliveries are accepted");
    }
}

/// The stack, and what its ledger should contain in the end.
struct Load {
    running: Running,
    /// Account and status by partition.
    expected: StdMutex<BTreeMap<String, (&'static str, &'static str)>>,
}

impl Load {
    /// Sends `body` to an account until it is answered other than 503.
    async fn send(&self, provider: &Provider, account: &str, body: &Bytes, secret: &str, token: &str) -> u16 {
        let headers = [("signature", sign(secret, body)), ("x-webhook-token", token.to_owned())];
        let path = match account {
            "default" => String::new(),
            account => format!("/{account}"),
        };
        let url = format!("{}/webhooks/{}{path}", self.running.http, provider.name);
        loop {
            match post_to(&url, body, &headers).await {
                503 => {}
                status => return status,
            }
        }
    }

    fn expect(&self, partition: String, account: &'static str, status: &'static str) {
        self.expected.lock().unwrap().insert(partition, (account, status));
    }

    /// Sends a webhook's payments until `stop`.
    async fn deliver(&self, webhook: &Webhook, counts: &Counts, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let (id, body) = webhook.payment();
            let Webhook { provider, account, .. } = webhook;
            match self.send(provider, account, &body, webhook.secret, webhook.token).await {
                200 => {
                    self.expect(webhook.partition(&id), account, "COMPLETED");
                    counts.accepted.fetch_add(1, Ordering::Relaxed);
                }
                _ => drop(counts.refused.fetch_add(1, Ordering::Relaxed)),
            }
            // A few per second are enough.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sends payments of each account to every other one, with secrets and tokens mixed, until `stop`.
    async fn forge(&self, counts: &Counts, stop: &AtomicBool) {
        let (live, test, north, south) = (&LIVE, &TEST, &NORTH, &SOUTH);
        let forged = [
            // The right signature at the wrong account.
            (live, "test", live.secret, live.token),
            (test, "default", test.secret, test.token),
            (north, "south", north.secret, ""),
            (south, "north", south.secret, ""),
            (north, "default", north.secret, ""),
            (live, "nobody", live.secret, live.token),
            (south, "nobody", south.secret, ""),
            // The token of one with the secret of another.
            (live, "default", test.secret, live.token),
            (live, "default", live.secret, test.token),
            (test, "test", live.secret, test.token),
            (test, "test", test.secret, live.token),
            (live, "default", "forged", live.token),
            (north, "north", "forged", ""),
        ];
        for (webhook, account, secret, token) in forged.into_iter().cycle() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let (_, body) = webhook.payment();
            let answer = self.send(webhook.provider, account, &body, secret, token).await;
            let expected = if account == "nobody" { 404 } else { 401 };
            let count = match answer == expected {
                true => &counts.refused,
                false => &counts.accepted,
            };
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The test webhook signs what says it is a live payment. Some are the very bytes of one.
    async fn pose(&self, counts: &Counts, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let (id, body) = LIVE.payment();
            let posing = Webhook {
                environment: Environment::Live,
                ..TEST
            };
            let genuine = self.send(LIVE.provider, LIVE.account, &body, LIVE.secret, LIVE.token);
            let forged = self.send(TEST.provider, TEST.account, &body, TEST.secret, TEST.token);
            assert_eq!(tokio::join!(genuine, forged), (200, 200), "both verify");
            self.expect(LIVE.partition(&id), "default", "COMPLETED");
            self.expect(posing.partition(&id), "test", "REJECTED");
            counts.accepted.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The ledger's records as they are expected, and their hooks.
    async fn records(&self) -> BTreeMap<String, Record> {
        let mut found = records_at(&self.running, &onepay::PROVIDER).await;
        found.extend(records_at(&self.running, &kuenta::PROVIDER).await);
        let partition = |record: &Record| record.key.split_once('|').unwrap().0.to_owned();
        let count = found.len();
        let records: BTreeMap<_, _> = found.into_iter().map(|record| (partition(&record), record)).collect();
        assert_eq!(records.len(), count, "a payment has two records");
        records
    }

    /// Waits until all that was accepted is in the ledger, and done.
    async fn drained(&self) -> BTreeMap<String, Record> {
        let expected = self.expected.lock().unwrap().len();
        let wait = async {
            loop {
                let records = self.records().await;
                let is_done = |record: &Record| ["COMPLETED", "REJECTED"].contains(&record.status);
                if records.len() >= expected && records.values().all(is_done) {
                    return records;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("all events are done")
    }

    /// The keys of the payments table: what the hook has written.
    async fn paid(&self) -> Vec<String> {
        let client = aws_sdk_dynamodb::Client::new(&self.running.sdk());
        let scan = client.scan().table_name(&self.running.outputs["PaymentsTableName"]);
        let rows: Result<Vec<_>, _> = scan.into_paginator().items().send().collect().await;
        let keys = rows.unwrap().into_iter().map(|row| row["pk"].as_s().unwrap().clone());
        keys.filter(|key| key.contains("#payment#")).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_under_load_never_cross() {
    let started = Instant::now();
    let _stack = Stack::start(Options::isolated(own_state())).await.unwrap();
    let load = Load {
        running: Running::find(&own_state()).unwrap(),
        expected: StdMutex::default(),
    };
    let load = &load;
    succeeds(&["secrets", "bind", "onepay", "--environment", "live"], "").await;
    for (webhook, environment) in [(&TEST, "test"), (&NORTH, "any"), (&SOUTH, "any")] {
        let name = webhook.provider.name;
        let put = [
            "secrets",
            "put",
            name,
            "--account",
            webhook.account,
            "--environment",
            environment,
        ];
        succeeds(&put, &format!("{}\n{}\n", webhook.secret, webhook.token)).await;
    }
    // An instance that had loaded the secrets before loads them again.
    for webhook in [&LIVE, &NORTH] {
        let (_, body) = webhook.payment();
        let answer = load.send(webhook.provider, webhook.account, &body, "forged", webhook.token);
        assert_eq!(answer.await, 401);
    }
    let (set_up, loaded) = (started.elapsed(), Instant::now());

    let [live, test, north, rotated, south, forged, posing] = std::array::from_fn(|_| Counts::default());
    let [stop, rotated_away] = [const { AtomicBool::new(false) }; 2];
    let operator = async {
        for counts in [&live, &test, &north, &south] {
            counts.accepted_more(5).await;
        }
        let rotation = Instant::now();
        let rotate = ["secrets", "rotate", "kuenta", "--account", NORTH.account];
        succeeds(&rotate, &format!("{}\n", NORTH_ROTATED.secret)).await;
        assert!(rotation.elapsed() > RELOAD_EVERY);
        // The provider signs with the new secret, and resends what it signed with the old one.
        let provider = async {
            rotated.accepted_more(10).await;
            north.accepted_more(5).await;
            rotated_away.store(true, Ordering::Relaxed);
            succeeds(&[&rotate[..], &["--finish"]].concat(), "").await;
            for counts in [&rotated, &live, &test, &south] {
                counts.accepted_more(5).await;
            }
            stop.store(true, Ordering::Relaxed);
        };
        tokio::join!(provider, load.deliver(&NORTH_ROTATED, &rotated, &stop));
    };
    tokio::join!(
        operator,
        load.deliver(&LIVE, &live, &stop),
        load.deliver(&TEST, &test, &stop),
        load.deliver(&NORTH, &north, &rotated_away),
        load.deliver(&SOUTH, &south, &stop),
        load.forge(&forged, &stop),
        load.pose(&posing, &stop),
    );
    let lasted = loaded.elapsed();
    let records = load.drained().await;
    println!(
        "accepted and refused: onepay live {:?}, onepay test {:?}, kuenta north {:?}, with its new secret {:?}, kuenta \
         south {:?}; forged {:?}; live payments signed by the test account {:?}; {} records; set up in {set_up:?}, load \
         for {lasted:?}, all in {:?}",
        live.both(),
        test.both(),
        north.both(),
        rotated.both(),
        south.both(),
        forged.both(),
        posing.both(),
        records.len(),
        started.elapsed()
    );
    for counts in [&live, &test, &north, &rotated, &south] {
        assert_eq!(counts.both().1, 0, "genuine deliveries were refused");
    }
    assert_eq!(forged.both().0, 0, "forged deliveries were not refused");
    assert!(
        forged.both().1 >= 26 && posing.both().0 >= 5,
        "too few to prove anything"
    );

    let outcomes = records
        .iter()
        .map(|(partition, record)| (partition.clone(), (record.account.as_str(), record.status)));
    let outcomes: BTreeMap<_, _> = outcomes.collect();
    let expected = load.expected.lock().unwrap().clone();
    assert_eq!(outcomes, expected, "an event is recorded under another account");
    // The hook has written exactly what is completed.
    let completed = expected.iter().filter(|(_, (_, status))| *status == "COMPLETED");
    let completed: Vec<&String> = completed.map(|(partition, _)| partition).collect();
    let mut paid = load.paid().await;
    paid.sort();
    assert!(
        paid.iter().eq(completed),
        "a hook got what it must not get, or missed something"
    );

    // What poses as live money is not processed by a replay either.
    let (partition, posed) = records.iter().find(|(_, record)| record.status == "REJECTED").unwrap();
    let reason = "of environment `live`, but its account is bound to `test`";
    assert_eq!(posed.error.as_deref(), Some(reason));
    let envelope = Envelope {
        provider: posed.provider.clone(),
        account: Account {
            name: AccountName::parse(TEST.account).unwrap(),
            environment: Some(TEST.environment),
        },
        content: posed.content.clone(),
        delivery_id: posed.delivery_id.as_deref().and_then(DeliveryId::parse).unwrap(),
        received_at: SystemClock.now(),
        form: CanonicalForm::Raw,
        body: ledger(&load.running).payload(posed).await.unwrap().unwrap().into(),
        replay: Some(Replay::Event),
    };
    let target = Target::local(load.running.clone()).await.unwrap();
    let queue = target.outbox().unwrap();
    queue
        .queue("onepay/test", envelope.to_message().unwrap())
        .await
        .unwrap();
    let replayed = async {
        loop {
            let record = load.records().await.remove(partition).unwrap();
            if record.attempts > posed.attempts && record.status != "IN_PROGRESS" {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let replayed = tokio::time::timeout(PATIENCE, replayed)
        .await
        .expect("the replay is consumed");
    assert_eq!((replayed.status, replayed.error.as_deref()), ("REJECTED", Some(reason)));
    assert!(replayed.hooks.is_empty() && !load.paid().await.contains(partition));
}
