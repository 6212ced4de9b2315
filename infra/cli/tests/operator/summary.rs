//! The daily summary: `acuse summary`, and the function that a schedule invokes, on a stack of its own with a schedule.

use acuse_core::providers::onepay;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use super::*;

fn own_state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("operator-summary")
}

async fn start_stack() -> (Running, Stack) {
    let mut options = Options::isolated(own_state());
    options.parameters = [
        ("SummarySchedule", "cron(0 8 * * ? *)"),
        ("SummaryTimezone", "UTC"),
        ("SummaryLanguage", "es"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let stack = Stack::start(options).await.unwrap();
    (Running::find(&own_state()).unwrap(), stack)
}

/// A queue that gets what the topic gets.
struct Subscriber {
    sqs: aws_sdk_sqs::Client,
    queue: String,
}

impl Subscriber {
    async fn of(running: &Running) -> Self {
        let sqs = aws_sdk_sqs::Client::new(&running.sdk());
        let created = sqs.create_queue().queue_name("summaries").send().await.unwrap();
        let queue = created.queue_url.unwrap();
        let get = sqs.get_queue_attributes().queue_url(&queue);
        let got = get.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
        let arn = &got.attributes.unwrap()[&QueueAttributeName::QueueArn];
        let subscribe = aws_sdk_sns::Client::new(&running.sdk()).subscribe().protocol("sqs");
        let topic = &running.outputs["SummaryTopicArn"];
        subscribe.topic_arn(topic).endpoint(arn).send().await.unwrap();
        Self { sqs, queue }
    }

    /// The subject and the text of the next message.
    async fn next(&self) -> (String, String) {
        let wait = async {
            loop {
                let receive = self.sqs.receive_message().queue_url(&self.queue).wait_time_seconds(5);
                let Some(message) = receive.send().await.unwrap().messages.unwrap_or_default().pop() else {
                    continue;
                };
                let delete = self.sqs.delete_message().queue_url(&self.queue);
                delete
                    .receipt_handle(message.receipt_handle.unwrap())
                    .send()
                    .await
                    .unwrap();
                let notification: Value = serde_json::from_str(&message.body.unwrap()).unwrap();
                let text = |name: &str| notification[name].as_str().unwrap_or_default().to_owned();
                return (text("Subject"), text("Message").replace('\u{a0}', " "));
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("a summary arrives")
    }
}

/// Invokes the function, as the schedule does.
async fn invoke(running: &Running, payload: &Value) {
    let url = format!(
        "{}/2015-03-31/functions/{}/invocations",
        running.endpoint, running.outputs["SummaryFunctionName"]
    );
    let client = acuse_cli::http::client().unwrap();
    let answer = client.post(url).body(payload.to_string()).send().await.unwrap();
    let (headers, text) = (answer.headers().clone(), answer.text().await.unwrap());
    assert!(!headers.contains_key("x-amz-function-error"), "{text}");
}

async fn summary(arguments: &[&str]) -> Output {
    acuse_in(&own_state(), &[&["summary"], arguments].concat(), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_summed_up_and_sent_by_the_tool_and_by_the_function() {
    let (running, _stack) = start_stack().await;
    let subscriber = Subscriber::of(&running).await;
    let provider = &onepay::PROVIDER;
    for _ in 0..2 {
        let status = post_at(&running, provider, &payment(provider), &local_secrets(provider)).await;
        assert_eq!(status, 200);
    }
    let records = completed_at(&running, provider, 2).await;
    let today = SystemClock.now().day();

    let printed = summary(&["--day", &today, "--json"]).await;
    assert!(printed.status.success(), "{printed:?}");
    let notes = String::from_utf8(printed.stderr).unwrap();
    assert!(notes.contains("the day is not over"), "{notes}");
    let tomorrow = SystemClock.now().plus(Duration::from_secs(24 * 3600)).day();
    let ahead = String::from_utf8(summary(&["--day", &tomorrow]).await.stderr).unwrap();
    let begins = format!("the day has not begun: it begins at {tomorrow}T00:00:00.000Z");
    assert!(ahead.contains(&begins), "{ahead}");
    let counted: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(counted["complete"], true);
    assert_eq!(counted["day"]["timezone"], "UTC");
    let rows = [&counted["live"]["rows"], &counted["test"]["rows"]];
    let rows: Vec<&Value> = rows.iter().flat_map(|rows| rows.as_array().unwrap()).collect();
    let [row] = rows.as_slice() else {
        panic!("{counted}");
    };
    assert_eq!((&row["source"], &row["count"]), (&json!("onepay"), &json!(2)));
    // Both samples have the same amount: the sum is twice that, exactly.
    let (amount, currency) = (records[0].amount.clone().unwrap(), records[0].currency.clone().unwrap());
    let mut twice = acuse_core::summary::Sum::default();
    records
        .iter()
        .for_each(|record| twice.add(record.amount.as_deref().unwrap()).unwrap());
    assert_eq!(row["amounts"][&currency], twice.to_string(), "{amount}");

    // The tool, in a language of its own.
    let sent = summary(&["--day", &today, "--lang", "en", "--send"]).await;
    assert!(sent.status.success(), "{sent:?}");
    let text = String::from_utf8(sent.stdout).unwrap();
    let (subject, message) = subscriber.next().await;
    assert!(subject.starts_with(&format!("acuse: {today} - ")), "{subject}");
    assert_eq!(message.trim(), text.trim());
    assert!(message.contains("In the queues now:"), "{message}");
    assert!(
        message.ends_with(&format!("\nacuse summary --day {today}")),
        "{message}"
    );

    // The function, in the stack's.
    invoke(&running, &json!({ "day": today })).await;
    let (_, message) = subscriber.next().await;
    assert!(message.contains("En las colas ahora:"), "{message}");
    assert!(message.contains(&row["type"].as_str().unwrap().to_owned()), "{message}");
    // What a schedule sends: it sums up the day before, which has no events.
    invoke(&running, &json!({ "scheduled_at": SystemClock.now().to_string() })).await;
    let (_, message) = subscriber.next().await;
    assert!(message.contains("REALES: 0 eventos"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_without_a_schedule_has_a_summary_that_goes_nowhere() {
    let printed = done(&["summary", "--lang", "es"], "").await;
    assert!(printed.contains("En las colas ahora:"), "{printed}");
    let refused = acuse(&["summary", "--send"], "").await;
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    assert!(
        error.contains("its SummarySchedule is empty") && error.contains("cron(0 8 * * ? *)"),
        "{error}"
    );
    for (arguments, expected) in [
        (
            ["summary", "--day", "26-11-2026"],
            "`26-11-2026` is no day; a day is written as 2026-11-26",
        ),
        (
            ["summary", "--timezone", "Bogota"],
            "`Bogota` is no time zone; it should be an IANA name",
        ),
        (["summary", "--lang", "de"], "a language is `en` or `es`"),
    ] {
        let refused = acuse(&arguments, "").await;
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(error.contains(expected), "{error}");
    }
}
