//! The events of a batch are worked on at once, the deliveries of one event one after the other.

use std::sync::atomic::AtomicU32;

use super::*;

/// A hook that waits until this many of its calls are under way at once.
struct Together {
    wanted: u32,
    transactional: bool,
    arrived: Arc<AtomicU32>,
    calls: Arc<AtomicU32>,
}

#[async_trait]
impl AnyHook<&'static str> for Together {
    fn name(&self) -> &'static str {
        "together"
    }

    fn transactional(&self) -> bool {
        self.transactional
    }

    async fn call(&self, _: &Event, _: Attempt) -> Result<Effects<&'static str>, HookError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.arrived.fetch_add(1, Ordering::SeqCst);
        while self.arrived.load(Ordering::SeqCst) < self.wanted {
            tokio::task::yield_now().await;
        }
        Ok(Effects::write("together"))
    }
}

async fn consume(batch: Vec<Received>, wanted: u32, transactional: bool) -> (Scene, u32) {
    let (scene, calls) = (Scene::default(), Arc::<AtomicU32>::default());
    let hook = Together {
        wanted,
        transactional,
        arrived: Arc::default(),
        calls: Arc::clone(&calls),
    };
    let hooks: Vec<Box<dyn AnyHook<&'static str>>> = vec![Box::new(hook)];
    let policy = scene.policy.clone();
    let consumer = Consumer::new(
        crate::providers::ALL,
        &scene.ledger,
        &scene.inbox,
        hooks,
        policy,
        scene.clock.clone(),
        Dice::default(),
    );
    let deadline = scene.clock.now().plus(Duration::from_secs(30));
    let consumer = consumer.unwrap();
    let work = consumer.consume(batch, deadline);
    // The first call would wait for ever if they came one after the other.
    let failed = tokio::time::timeout(Duration::from_secs(10), work).await;
    assert_eq!(failed.expect("the batch is not worked on at once"), [""; 0]);
    let calls = calls.load(Ordering::SeqCst);
    (scene, calls)
}

/// So a batch takes as long as its slowest event.
#[tokio::test]
async fn ten_events_are_in_their_hooks_at_once() {
    for transactional in [false, true] {
        let batch = (0..10).map(|n| payment(&format!("p{n}"))).collect();
        let (scene, calls) = consume(batch, 10, transactional).await;
        assert_eq!((calls, scene.ledger.applied("together")), (10, 10));
    }
}

/// Otherwise the second would find the first one's lease and wait in the queue for its end.
#[tokio::test]
async fn deliveries_of_one_event_come_one_after_the_other() {
    for transactional in [false, true] {
        // Three of one event among ten: eight at once, no more.
        let events = ["p0", "p1", "p0", "p2", "p3", "p4", "p0", "p5", "p6", "p7"];
        let batch = events.map(payment).to_vec();
        let (scene, calls) = consume(batch, 8, transactional).await;
        assert_eq!(scene.inbox.returned(), []);
        assert_eq!(scene.ledger.applied("together"), 8);
        assert_eq!(
            calls,
            if transactional { 10 } else { 8 },
            "a duplicate's writes are not made"
        );
        let duplicates: u32 = scene.ledger.records().values().map(|stored| stored.duplicates).sum();
        assert_eq!(duplicates, 2);
    }
}
