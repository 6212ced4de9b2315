//! Compares the canonical forms with the real Node and the real CPython.
//!
//! `ACUSE_DIFFERENTIAL=200000` sets how many documents each runtime gets, `ACUSE_SEED=…` repeats
//! a run.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod broken;
mod documents;
mod numbers;
mod oracle;
mod strings;

use std::env;
use std::io::Write;
use std::time::Instant;

use acuse_core::json::{self, MAX_DEPTH};
use acuse_core::receive::canonical::{self, Error};
use acuse_core::wire::delivery::CanonicalForm;

use documents::{Documents, depth};
use oracle::{Answer, NODE, Oracle, PYTHON, Runtime};

/// How many documents each runtime gets by default.
const FEW: usize = 5000;

const BATCH: usize = 500;

#[test]
fn the_javascript_form_is_nodes() {
    compare(&NODE, |body| rewritten(body, CanonicalForm::JavaScript));
}

#[test]
fn the_python_form_is_cpythons() {
    compare(&PYTHON, |body| rewritten(body, CanonicalForm::Python));
}

fn rewritten(body: &[u8], form: CanonicalForm) -> Result<Vec<u8>, Error> {
    canonical::bytes(&body.to_vec().into(), form).map(Into::into)
}

fn compare(runtime: &Runtime, form: fn(&[u8]) -> Result<Vec<u8>, Error>) {
    let name = runtime.name;
    let count = from_environment("ACUSE_DIFFERENTIAL").unwrap_or(FEW);
    let seed = from_environment("ACUSE_SEED").unwrap_or_else(|| fastrand::u64(..));
    let Some(mut oracle) = Oracle::start(runtime) else {
        assert!(env::var_os("CI").is_none(), "{name} is not installed, and CI is set");
        say(&format!("SKIPPED: {name} is not installed; its form is not compared"));
        return;
    };
    let begin = Instant::now();
    let mut documents = Documents::of_seed(seed).take(count);
    let (mut written, mut lax, mut refused) = (0, 0, 0);
    loop {
        let batch: Vec<Vec<u8>> = documents.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let answers = oracle.ask(&batch);
        for (document, theirs) in batch.iter().zip(answers) {
            let ours = form(document);
            if !agree(document, &ours, &theirs) {
                let least = shrunk(document, &mut |less| {
                    !agree(less, &form(less), &ask_one(&mut oracle, less))
                });
                panic!(
                    "ACUSE_SEED={seed} {name} gives another form of\n  {}\n{name}: {}\nours: {}\nfound in\n  {}",
                    least.escape_ascii(),
                    shown_answer(&ask_one(&mut oracle, &least)),
                    shown_result(&form(&least)),
                    document.escape_ascii(),
                );
            }
            *match theirs {
                Answer::Written(_) => &mut written,
                Answer::Lax => &mut lax,
                Answer::Refused(_) => &mut refused,
            } += 1;
        }
    }
    say(&format!(
        "{name}, ACUSE_SEED={seed}: {count} documents, {written} written, {refused} refused, {lax} lax, {:.1?}",
        begin.elapsed()
    ));
    // Must not pass without having tested anything.
    assert!(
        written > count / 2 && refused > count / 20,
        "the documents are all of one kind"
    );
}

/// The same bytes, or refused by both, or refused only by us because it is too deep or only a lax runtime accepts it.
fn agree(document: &[u8], ours: &Result<Vec<u8>, Error>, theirs: &Answer) -> bool {
    match (ours, theirs) {
        (Ok(ours), Answer::Written(theirs)) => ours == theirs,
        (Err(Error::NotJson(json::Error::TooDeep { .. })), _) => depth(document) > MAX_DEPTH,
        (Err(Error::NotJson(_)), Answer::Lax) | (Err(_), Answer::Refused(_)) => true,
        _ => false,
    }
}

/// The shortest part of `document` that still differs.
fn shrunk(document: &[u8], differs: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut least = document.to_vec();
    let mut length = least.len();
    while length > 0 {
        let mut from = 0;
        while from < least.len() {
            let until = least.len().min(from + length);
            let less = [&least[..from], &least[until..]].concat();
            if differs(&less) {
                least = less;
            } else {
                from = until;
            }
        }
        length /= 2;
    }
    least
}

fn ask_one(oracle: &mut Oracle, document: &[u8]) -> Answer {
    oracle.ask(&[document.to_vec()]).remove(0)
}

fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} should be a number, not {text:?}")),
    )
}

/// Bypasses the test harness, which only shows what failed tests print.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "differential: {line}");
}

fn shown_answer(answer: &Answer) -> String {
    match answer {
        Answer::Written(form) => form.escape_ascii().to_string(),
        Answer::Lax => "takes what is not RFC 8259".to_owned(),
        Answer::Refused(why) => format!("refused: {why}"),
    }
}

fn shown_result(result: &Result<Vec<u8>, Error>) -> String {
    match result {
        Ok(form) => form.escape_ascii().to_string(),
        Err(error) => format!("refused: {error:?}"),
    }
}
