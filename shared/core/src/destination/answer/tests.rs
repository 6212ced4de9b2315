use super::*;

const NOW: Timestamp = Timestamp::from_seconds(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT

fn answered(status: u16) -> Outcome {
    Outcome::Answered {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: Some(Duration::from_secs(60)),
    }
}

#[test]
fn every_status_means_something() {
    let after = Some(Duration::from_secs(60));
    for status in 100..1000 {
        let expected = match status {
            200..=299 => Verdict::Delivered,
            410 => Verdict::Pause,
            408 | 425 | 429 | 500..=599 => Verdict::Retry { after },
            300..=499 => Verdict::Fault { after },
            _ => Verdict::Retry { after },
        };
        assert_eq!(answered(status).verdict(), expected, "{status}");
        let leave_alone = [429, 503].contains(&status);
        assert_eq!(answered(status).leave_alone().is_some(), leave_alone, "{status}");
    }
}

#[test]
fn no_answer_is_tried_again() {
    for failure in [
        Failure::NoAddress,
        Failure::Connect,
        Failure::Tls,
        Failure::TimedOut,
        Failure::Broken,
        Failure::Queue,
    ] {
        assert_eq!(Outcome::Failed(failure).verdict(), Verdict::Retry { after: None });
    }
    // Somebody has to allow it, or to change the URL.
    assert_eq!(
        Outcome::Failed(Failure::Forbidden).verdict(),
        Verdict::Fault { after: None }
    );
    // It does not shrink.
    assert_eq!(Outcome::Failed(Failure::TooLarge).verdict(), Verdict::GiveUp);
}

#[test]
fn the_operator_reads_what_happened_and_what_to_do() {
    let outcomes = [200, 301, 401, 404, 410, 422, 503, 599].map(answered).into_iter();
    let failures = [
        Failure::NoAddress,
        Failure::Forbidden,
        Failure::Connect,
        Failure::Tls,
        Failure::TimedOut,
    ];
    let outcomes = outcomes.chain(failures.map(Outcome::Failed));
    let lines: Vec<_> = outcomes.map(|outcome| outcome.to_string()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    answered 200 OK
    answered 301 Moved Permanently; redirects are not followed: set the URL to where it leads
    answered 401 Unauthorized; check that it verifies the raw body, with the destination's current signing secret
    answered 404 Not Found; check the URL's path, and that it takes POST
    answered 410 Gone
    answered 422 Unprocessable Entity
    answered 503 Service Unavailable
    answered 599
    its host name has no address
    its address is not one that may be called
    the connection failed
    it has no valid certificate for its host name
    it did not answer in time
    ");
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    for (value, expected) in [
        ("0", hours(0)),
        ("120", Some(Duration::from_secs(120))),
        (" 7200 ", hours(2)),
        ("86400", hours(12)),
        ("99999999999999999999999999", hours(12)),
        // RFC 9110, 5.6.7: the form of today, that of RFC 850, and that of C's asctime.
        ("Sun, 06 Nov 1994 09:49:37 GMT", hours(1)),
        ("Sunday, 06-Nov-94 10:49:37 GMT", hours(2)),
        ("Sun Nov  6 11:49:37 1994", hours(3)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", hours(0)),
        ("Sat, 05 Nov 1994 08:49:37 GMT", hours(0)),
        // It will be no Monday.
        ("Mon, 06 Nov 2095 08:49:37 GMT", None),
        ("Sun, 06 Nov 2095 08:49:37 GMT", hours(12)),
        ("", None),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("soon", None),
        ("1994-11-06T09:49:37Z", None),
        ("60, 120", None),
    ] {
        let read = retry_after(value.as_bytes(), NOW);
        assert_eq!(read, expected, "{value}");
    }
    assert_eq!(retry_after(b"\xff", NOW), None);
}

#[test]
fn the_first_kilobyte_is_kept() {
    assert_eq!(kept(b"no such order"), "no such order");
    assert_eq!(kept(&[b'a'; 5000]).len(), KEPT);
    // A character at the end is not cut in two.
    let accents = "é".repeat(5000);
    let text = format!("a{accents}");
    assert_eq!(kept(text.as_bytes()), format!("a{}", "é".repeat(511)));
    assert_eq!(kept(b"\xff!"), "\u{FFFD}!");
}
