use acuse_core::destination::answer::Failure;
use acuse_core::destination::config::Target;
use acuse_core::destination::sign::SigningSecret;

use super::*;
use crate::destinations::fake::{Receiver, SILENCE, event, name, sdk, status};
use crate::ledger::fake::http;
use crate::system::SystemClock;

fn to(url: &str) -> Destination {
    let secret = SigningSecret::from_bytes(&[7; 24]).unwrap();
    let mut destination = Destination::new(name("shop"), Target::parse(url).unwrap(), vec![secret]);
    destination.allow_private = true;
    destination.timeout = Duration::from_millis(300);
    destination
}

async fn send(destination: &Destination) -> Sent {
    let (http, _) = http(vec![(500, String::new())]);
    let sender = Sender::new(sdk(http), Arc::new(SystemClock)).unwrap();
    sender.send(destination, &event()).await
}

fn failed(sent: &Sent) -> Failure {
    match sent.outcome {
        Outcome::Failed(failure) => failure,
        Outcome::Answered { .. } => panic!("{sent:?}"),
    }
}

#[tokio::test]
async fn an_event_is_posted_signed_and_its_answer_is_kept() {
    let receiver = Receiver::start(&[&status(200)]).await;
    let sent = send(&to(&receiver.url)).await;
    assert!(
        matches!(sent.outcome, Outcome::Answered { status, .. } if status == 200),
        "{sent:?}"
    );
    assert_eq!(sent.answer.unwrap().body, "said");
    let requests = receiver.requests();
    let (head, sent_body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert_eq!(sent_body.as_bytes(), body::of(&event()));
    assert!(head.starts_with("POST /webhooks HTTP/1.1\r\n"), "{head}");
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value)
    };
    let id = event().idempotency_key();
    assert_eq!(
        (header("webhook-id"), header("idempotency-key")),
        (Some(&*id), Some(&*id))
    );
    let at = header("webhook-timestamp").unwrap().parse().unwrap();
    let at = acuse_core::clock::Timestamp::from_seconds(at);
    let secret = SigningSecret::from_bytes(&[7; 24]).unwrap();
    assert_eq!(
        header("webhook-signature"),
        Some(&*secret.sign(&id, at, sent_body.as_bytes()))
    );
}

#[tokio::test]
async fn an_answer_says_when_to_come_back_and_no_redirect_is_followed() {
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n";
    let sent = send(&to(&Receiver::start(&[busy]).await.url)).await;
    let expected = Outcome::Answered {
        status: http::StatusCode::SERVICE_UNAVAILABLE,
        retry_after: Some(Duration::from_secs(120)),
    };
    assert_eq!(sent.outcome, expected);

    let elsewhere = Receiver::start(&[&status(200)]).await;
    let moved = format!(
        "HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url
    );
    let sent = send(&to(&Receiver::start(&[&moved]).await.url)).await;
    assert_eq!(sent.answer.unwrap().status, 307);
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_receiver_that_says_200_and_breaks_off_has_taken_it() {
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nhalf";
    let sent = send(&to(&Receiver::start(&[broken]).await.url)).await;
    let answer = sent.answer.unwrap();
    assert_eq!((answer.status, &*answer.body), (200, "half"));
}

#[tokio::test]
async fn a_failure_is_told_apart_from_others() {
    let hangs = Receiver::start(&[SILENCE]).await;
    assert_eq!(failed(&send(&to(&hangs.url)).await), Failure::TimedOut);
    let resets = Receiver::start(&[""]).await;
    assert_eq!(failed(&send(&to(&resets.url)).await), Failure::Broken);
    // Plain HTTP where TLS is expected.
    let plain = Receiver::start(&["HTTP/1.1 400 No\r\n\r\n"]).await;
    let https = plain.url.replace("http://", "https://");
    assert!(matches!(
        failed(&send(&to(&https)).await),
        Failure::Tls | Failure::TimedOut
    ));
    let nobody = send(&to("http://127.0.0.1:1/")).await;
    assert_eq!(failed(&nobody), Failure::Connect);
    let detail = nobody.detail.unwrap();
    assert!(detail.starts_with("tcp connect error"), "{detail}");
}

#[tokio::test]
async fn an_address_that_may_not_be_called_gets_no_request() {
    let receiver = Receiver::start(&[&status(200)]).await;
    for url in [receiver.url.clone(), receiver.url.replace("127.0.0.1", "localhost")] {
        let mut destination = to(&url);
        destination.allow_private = false;
        let sent = send(&destination).await;
        assert_eq!(failed(&sent), Failure::Forbidden, "{url}");
        assert!(sent.detail.unwrap().contains("--allow-private"));
    }
    assert_eq!(failed(&send(&to("https://169.254.169.254/")).await), Failure::Forbidden);
    assert_eq!(receiver.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_queue_gets_the_body_and_its_resource_as_the_group() {
    let answers = [
        r#"{"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/events.fifo"}"#,
        r#"{"MessageId": "m-1", "MD5OfMessageBody": "x"}"#,
    ];
    let (http, requests) = http(answers.map(|answer| (200, answer.to_owned())).to_vec());
    let sender = Sender::new(sdk(http), Arc::new(SystemClock)).unwrap();
    let mut destination = to("sqs:arn:aws:sqs:us-east-1:123456789012:events.fifo");
    destination.timeout = Duration::from_secs(10);
    let sent = sender.send(&destination, &event()).await;
    let requests = requests.lock().unwrap();
    assert_eq!(
        (&requests[0]["QueueName"], &requests[0]["QueueOwnerAWSAccountId"]),
        (&"events.fifo".into(), &"123456789012".into())
    );
    let message = &requests[1];
    assert_eq!(message["MessageBody"].as_str().unwrap().as_bytes(), body::of(&event()));
    assert_eq!(message["MessageDeduplicationId"], event().idempotency_key());
    assert_eq!(
        message["MessageGroupId"],
        acuse_core::provider::id::digest(&event().key.partition)
    );
    let attributes = message["MessageAttributes"].as_object().unwrap();
    let names: Vec<_> = attributes.keys().map(String::as_str).collect();
    assert_eq!(names, ["webhook-id", "webhook-signature", "webhook-timestamp"]);
    assert_eq!(sent.answer.unwrap().body, "message m-1");
}

#[tokio::test]
async fn a_queue_that_refuses_is_a_failure_with_what_it_says() {
    let refused = r#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"}"#;
    let (http, _) = http(vec![(400, refused.to_owned())]);
    let sender = Sender::new(sdk(http), Arc::new(SystemClock)).unwrap();
    let destination = to("sqs:arn:aws:sqs:us-east-1:123456789012:events");
    let sent = sender.send(&destination, &event()).await;
    assert_eq!(failed(&sent), Failure::Queue);
    assert!(sent.detail.unwrap().contains("no such queue"));
}

#[tokio::test]
async fn a_queue_gets_no_message_that_is_larger_than_sqs_takes() {
    let most = 1024 * 1024;
    // An attribute's name, type and value count as well.
    let attributes = |headers: &HeaderMap| -> usize {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        names
            .iter()
            .map(|name| name.len() + "String".len() + headers[*name].len())
            .sum()
    };
    let destination = to("sqs:arn:aws:sqs:us-east-1:123456789012:events");
    let headers = sign::headers(&destination, &event().idempotency_key(), SystemClock.now(), b"").unwrap();
    let largest = most - attributes(&headers);
    let Target::Sqs(queue) = &destination.target else {
        panic!("it is a queue");
    };
    for (length, taken) in [(largest, true), (largest + 1, false)] {
        let answers = [
            r#"{"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/events"}"#,
            r#"{"MessageId": "m-1", "MD5OfMessageBody": "x"}"#,
        ];
        let (http, requests) = http(answers.map(|answer| (200, answer.to_owned())).to_vec());
        let body = vec![b'a'; length];
        let sent = Queues::new(sdk(http)).send(queue, &event(), &headers, &body).await;
        assert_eq!(requests.lock().unwrap().len(), if taken { 2 } else { 0 });
        if !taken {
            assert_eq!(failed(&sent), Failure::TooLarge);
            assert_eq!(
                sent.detail.unwrap(),
                "the message has 1048577 bytes, and SQS takes 1048576"
            );
        }
    }
}
