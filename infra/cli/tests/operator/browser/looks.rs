//! How the pages look: at four widths, in light and dark, to a screen reader, and in Spanish.
//!
//! `ACUSE_LOOKS=target/looks` keeps a picture of each.

use std::str::FromStr;

use acuse_cli::sample::Break;
use acuse_core::providers::{kuenta, onepay};
use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::Url;
use serde_json::json;

use super::*;

const WIDTHS: [u32; 4] = [390, 768, 1280, 1440];

/// A command of Chromium's own protocol.
#[derive(Debug)]
struct Chromium(&'static str, Value);

impl WebDriverCompatibleCommand for Chromium {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        let body = json!({"cmd": self.0, "params": self.1});
        (http::Method::POST, Some(body.to_string()))
    }
}

/// What the consumer writes of an event whose last attempt killed the function.
const GIVEN_UP: &str = "given up after 12 attempts: the function died during the last one";

impl Browser {
    async fn speak(&self, language: &str) {
        let cookie = format!("document.cookie = 'lang={language}; path=/', true");
        self.ask(&cookie).await.unwrap();
    }

    async fn command(&self, name: &'static str, parameters: Value) {
        self.client.issue_cmd(Chromium(name, parameters)).await.unwrap();
    }

    async fn look(&self, width: u32, scheme: &str) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
        self.command("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", scheme).await;
    }
}

/// One of everything, and the paths of the pages that show it.
async fn pages() -> Vec<String> {
    for provider in [&unopago::PROVIDER, &onepay::PROVIDER, &kuenta::PROVIDER] {
        let (body, own) = (payment(provider), local_secrets(provider));
        // The second one is a duplicate.
        assert_eq!(post(provider, &body, &own).await, 200);
        assert_eq!(post(provider, &body, &own).await, 200);
        let forged = Sample::signed(provider, body.to_vec(), &own, SystemClock.now(), Some(Break::Signature)).unwrap();
        assert_eq!(post_with(provider, &body, &forged.headers).await, 401);
        let arrived = async {
            // Other tests have events that don't complete.
            let is_done = |record: &Record| record.status == "COMPLETED";
            while !records_at(stack().await, provider).await.iter().any(is_done) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.expect("one completes");
    }
    for (number, reason) in [(20, "hook `ship`: no such shop"), (21, GIVEN_UP)] {
        dead_letter(message(&unopago::PROVIDER, number).0, reason).await;
    }
    let conflict = conflicts::conflict().await;
    let records = records_at(stack().await, &unopago::PROVIDER).await;
    let mut records = records.into_iter().filter(|record| record.status == "COMPLETED");
    let record = records.next().unwrap();
    let encode = |text: &str| text.replace('%', "%25").replace('#', "%23").replace('|', "%7C");
    let held = done(&["quarantine", "list", "--json"], "").await;
    let held: Value = serde_json::from_str(held.lines().next().unwrap()).unwrap();
    let (key, partition) = (encode(&record.key), encode(record.key.split_once('|').unwrap().0));
    let (conflict, held) = (encode(&conflict), held["delivery_id"].as_str().unwrap());
    let dead = done(&["dlq", "list", "--json", "--error", GIVEN_UP], "").await;
    let dead: Value = serde_json::from_str(dead.lines().next().unwrap()).unwrap();
    let dead = dead["message_id"].as_str().unwrap();
    vec![
        "/".to_owned(),
        "/events".to_owned(),
        format!("/event?key={key}"),
        format!("/life?of={partition}"),
        "/dead-letters".to_owned(),
        "/quarantine".to_owned(),
        format!("/quarantine/delivery?id={held}"),
        format!("/replay?key={key}"),
        "/event?key=none".to_owned(),
        "/balance".to_owned(),
        format!("/event?key={conflict}"),
        format!("/conflict/dismiss?key={conflict}"),
        format!("/release?id={held}"),
        format!("/redrive?id={dead}"),
        // In quarantine and nowhere else.
        format!("/events?q={held}"),
        "/events?since=yesterday".to_owned(),
        // Neither a page nor a whole address.
        "/none".to_owned(),
        "/event".to_owned(),
    ]
}

/// axe-core, which `.ci/axe` downloads. `None` without it; with `CI` set, that is a failure.
fn axe() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/ci/axe/axe.min.js");
    let found = std::fs::read_to_string(path).ok();
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "axe-core is missing: run .ci/axe"
    );
    if found.is_none() {
        eprintln!("SKIPPED: axe-core is missing; .ci/axe downloads it");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_its_screen_and_passes_axe() {
    let _queues = lock_both_queues().await;
    let (Some(axe), Some(browser)) = (axe(), Browser::open("looks").await) else {
        return;
    };
    browser.goto("/").await;
    for (place, path) in pages().await.into_iter().enumerate() {
        let looks = |width| [(width, "light", "en"), (width, "dark", "es")];
        for (width, scheme, language) in WIDTHS.into_iter().flat_map(looks) {
            browser.look(width, scheme).await;
            browser.speak(language).await;
            browser.goto(&path).await;
            browser.wait(&format!("html[lang={language}] h1")).await;
            let wide = browser.ask("document.documentElement.scrollWidth").await.unwrap();
            assert!(
                wide.as_u64().unwrap() <= width.into(),
                "{path} is {wide} wide at {width}"
            );
            browser
                .picture("ACUSE_LOOKS", &format!("{place:02}-{width}-{scheme}.png"))
                .await;
            browser.client.execute(&axe, Vec::new()).await.unwrap();
            let run = "const done = arguments[arguments.length - 1];
                axe.run().then(({violations, passes}) => done([passes.length, violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)])]));";
            let found = browser.client.execute_async(run, Vec::new()).await.unwrap();
            assert!(found[0].as_u64().unwrap() > 10, "axe looked: {found}");
            assert_eq!(found[1], json!([]), "{path} at {width} in {scheme}");
        }
    }
    browser.close().await;
}

/// Every text that a reader sees or hears, but for data.
const TEXTS: &str = r"[...document.querySelectorAll('body, body *')].flatMap((element) => {
    const own = element.closest('[translate]')?.getAttribute('translate') === 'no';
    if (own || element.closest('code, pre, kbd, script, [datetime]')) return [];
    const attributes = ['aria-label', 'title', 'placeholder', 'data-one', 'data-many', 'data-on', 'data-off', 'data-done', 'data-failed', 'data-label'];
    const texts = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent);
    return [...texts, ...attributes.map((name) => element.getAttribute(name) ?? '')];
}).map((text) => text.trim()).filter((text) => /\p{L}{2}/u.test(text))";

/// Texts with a word that only English has, data included: what Acuse wrote in English into a queue or the ledger is
/// data for this page. What AWS says is marked as English.
const ENGLISH: &str = r"[...document.querySelectorAll('body, body *')].flatMap((element) => {
    if (element.closest('code, pre, kbd, script, [lang=en]')) return [];
    const attributes = [...element.attributes].filter(({name}) => /^(aria-label|title|placeholder|data-(one|many|on|off|done|failed|label))$/.test(name));
    const texts = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent);
    return [...texts, ...attributes.map(({value}) => value)];
}).map((text) => text.replace(/`[^`]*`/g, '')).filter((text) => /(the|is|are|was|were|it|with|header|signature|secret|waiting|attempts)/.test(text))";

/// The same in both languages.
const SAME: [&str; 3] = ["Acuse", "Error", "hook"];

#[tokio::test(flavor = "multi_thread")]
async fn every_text_is_in_spanish_too() {
    let _queues = lock_both_queues().await;
    let Some(browser) = Browser::open("spanish").await else {
        return;
    };
    let mut untranslated = Vec::new();
    for path in pages().await {
        let mut texts = Vec::new();
        for language in ["en", "es"] {
            browser.goto(&path).await;
            browser.speak(language).await;
            browser.goto(&path).await;
            browser.wait(&format!("html[lang={language}] h1")).await;
            let shown = browser.ask(TEXTS).await.unwrap();
            if language == "es" {
                let english: Vec<String> = serde_json::from_value(browser.ask(ENGLISH).await.unwrap()).unwrap();
                untranslated.extend(english.into_iter().map(|text| format!("{path}: {text}")));
            }
            texts.push(serde_json::from_value::<Vec<String>>(shown).unwrap());
        }
        let [english, spanish] = &texts[..] else { unreachable!() };
        assert!(english.len() > 5, "{path}: {english:?}");
        let same = spanish.iter().filter(|text| english.contains(text));
        // What a hook says is in the hook's language.
        let same = same.filter(|text| !SAME.contains(&text.as_str()) && !text.starts_with("hook `"));
        untranslated.extend(same.map(|text| format!("{path}: {text}")));
    }
    assert!(untranslated.is_empty(), "{}", untranslated.join("\n"));
    browser.close().await;
}
