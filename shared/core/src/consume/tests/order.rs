//! Hooks to which the order of events matters.

use super::*;

/// A hook that records whether it was told of a late event.
struct InOrder {
    name: &'static str,
    order: Order,
    told: Arc<std::sync::Mutex<Vec<bool>>>,
}

#[async_trait]
impl AnyHook<&'static str> for InOrder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn order(&self) -> Order {
        self.order
    }

    async fn call(&self, _: &Event, attempt: Attempt) -> Result<Effects<&'static str>, HookError> {
        self.told.lock().unwrap().push(attempt.late);
        Ok(Effects::none())
    }
}

#[tokio::test]
async fn a_hook_is_told_of_late_events_or_skips_them_as_it_asks() {
    let scene = Scene::default();
    let hook = |name, order| {
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let hook = InOrder {
            name,
            order,
            told: Arc::clone(&told),
        };
        (Box::new(hook) as Box<dyn AnyHook<&'static str>>, told)
    };
    let (any, any_told) = hook("any", Order::Any);
    let (told, told_told) = hook("told", Order::Told);
    let (skip, skip_told) = hook("skip", Order::SkipLate);
    let consumer = Consumer::new(
        crate::providers::ALL,
        &scene.ledger,
        &scene.inbox,
        vec![any, told, skip],
        scene.policy.clone(),
        scene.clock.clone(),
        Dice::default(),
    )
    .unwrap();
    let cashout = |step: &str, at: i64| {
        let body = format!(
            r#"{{"cashout":{{"id":"c1"}},"event":{{"type":"cashout.{step}","timestamp":{at},"environment":"live"}}}}"#
        );
        message(step, "onepay", &body)
    };
    let deadline = scene.clock.now().plus(Duration::from_secs(30));
    for (step, at) in [
        ("created", 1_699_999_000),
        ("processed", 1_699_999_300),
        ("processing", 1_699_999_100),
    ] {
        assert_eq!(consumer.consume(vec![cashout(step, at)], deadline).await, [""; 0]);
    }
    assert_eq!(*any_told.lock().unwrap(), [false, false, false]);
    assert_eq!(*told_told.lock().unwrap(), [false, false, true]);
    assert_eq!(*skip_told.lock().unwrap(), [false, false], "the late one is skipped");
    assert!(scene.statuses().iter().all(|(_, status)| *status == Status::Completed));
}
