//! Events on their way to destinations, with the real template and binaries.

use acuse_aws::destinations::gates::Gates;
use acuse_aws::destinations::hints::Hints;
use acuse_aws::destinations::items::Deliveries;
use acuse_aws::system::{SystemClock, SystemRandom};
use acuse_cli::local::{Options, Running, Stack};
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{Delivery, DeliveryKey, Status};
use acuse_core::destination::gate::{Gate, State};
use acuse_core::destination::sign::SigningSecret;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::providers::kuenta;
use acuse_tests::eventually::eventually;
use acuse_tests::post::{Post, url};
use acuse_tests::receiver::{Receiver, SECRET, configure};
use acuse_tests::running;

use crate::stack::{payment, resource_id};

struct World {
    running: Running,
    deliveries: Deliveries,
    gates: Gates,
    _stack: Stack,
}

impl World {
    async fn start() -> Self {
        let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/destinations");
        let stack = Stack::start(Options::isolated(state)).await.unwrap();
        let running = Running::find(state.as_ref()).expect("a stack that has started is found");
        let table = &running.outputs["LedgerTableName"];
        let client = aws_sdk_dynamodb::Client::new(&running.sdk());
        Self {
            deliveries: Deliveries::new(client.clone(), table),
            gates: Gates::new(client, table),
            running,
            _stack: stack,
        }
    }

    /// Posts a new payment, and returns its key once it is completed.
    async fn payment(&self) -> (IdempotencyKey, Vec<String>) {
        let provider = &kuenta::PROVIDER;
        let body = payment(provider);
        let (client, url) = (acuse_cli::http::client().unwrap(), url(&self.running, provider));
        let answer = Post::signed(provider, body.as_bytes()).send(&client, &url).await;
        assert_eq!(answer.status(), 200);
        let id = resource_id(provider, &body);
        let record = eventually("the event", async || {
            let records = running::records(&self.running, provider).await;
            records
                .into_iter()
                .find(|record| record.resource_id.as_deref() == Some(&id) && record.status == "COMPLETED")
        })
        .await;
        let names = record.destinations.iter().map(ToString::to_string).collect();
        (IdempotencyKey::parse(&record.key).unwrap(), names)
    }

    /// The delivery, once it is as wanted.
    async fn delivery(&self, key: &DeliveryKey, wanted: impl Fn(&Delivery) -> bool) -> Delivery {
        eventually(&format!("{} of {}", key.destination, key.event), async || {
            let found = self.deliveries.get(key).await.unwrap();
            found.filter(|delivery| wanted(delivery))
        })
        .await
    }
}

fn to(name: &str, event: &IdempotencyKey) -> DeliveryKey {
    DeliveryKey {
        event: event.clone(),
        destination: DestinationName::parse(name).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_destination_takes_an_event_when_it_can_and_none_delays_another() {
    let world = World::start().await;
    let shop = Receiver::start(&[500, 200]).await;
    let erp = Receiver::start(&[410, 200]).await;
    let all = [("shop", &*shop.url), ("erp", &erp.url), ("dead", "http://127.0.0.1:1/")];
    configure(&world.running, &all).await;

    let (first, owed) = world.payment().await;
    assert_eq!(owed, ["dead", "erp", "shop"]);
    let delivered = |delivery: &Delivery| delivery.status == Status::Delivered;
    let delivery = world.delivery(&to("shop", &first), delivered).await;
    assert_eq!(delivery.attempts, 2);
    let tries = shop.received();
    assert_eq!(tries.len(), 2);
    for (headers, body) in &tries {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("webhook-id"), tries[0].0["webhook-id"]);
        assert_eq!(body, &tries[0].1);
        let at = Timestamp::from_seconds(header("webhook-timestamp").parse().unwrap());
        let secret = SigningSecret::parse(SECRET).unwrap();
        assert_eq!(
            header("webhook-signature"),
            secret.sign(&header("webhook-id"), at, body)
        );
    }

    // 410 pauses one destination. A second event is owed to it, and not sent.
    let erp_name = DestinationName::parse("erp").unwrap();
    eventually("the pause", async || {
        let gate = world.gates.get(&erp_name).await.unwrap();
        matches!(gate.state(SystemClock.now()), State::Paused(_)).then_some(())
    })
    .await;
    let (second, _) = world.payment().await;
    world.delivery(&to("shop", &second), delivered).await;
    let dead = world
        .delivery(&to("dead", &second), |delivery| delivery.attempts > 0)
        .await;
    assert!(dead.error.unwrap().starts_with("the connection failed"));
    assert_eq!(erp.received().len(), 1);
    let owed = world.deliveries.list(&erp_name, None).await.unwrap().deliveries;
    assert_eq!(owed.len(), 2);

    // An operator resumes it, and queues what it is owed.
    world
        .gates
        .change(&erp_name, &SystemRandom, Gate::resume)
        .await
        .unwrap();
    let hints = Hints::new(
        aws_sdk_sqs::Client::new(&world.running.sdk()),
        &world.running.outputs["DestinationQueueUrl"],
    );
    hints.send(owed.iter().map(|own| &own.key)).await.unwrap();
    for event in [&first, &second] {
        world.delivery(&to("erp", event), delivered).await;
    }
    assert_eq!(erp.received().len(), 3);
    assert_eq!(world.deliveries.list(&erp_name, None).await.unwrap().deliveries, []);
}
