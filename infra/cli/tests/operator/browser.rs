//! The inspector in a real browser: Chromium, driven by ChromeDriver.
//!
//! `ACUSE_SCREENSHOTS=docs/images` also takes the README's pictures.

use acuse_core::providers::unopago;
use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::process::Child;

use super::dead_letters::{dead_letter, message};
use super::*;

pub(super) struct Browser {
    pub(super) client: Client,
    home: String,
    _driver: Child,
}

impl Browser {
    /// `None` where there is no ChromeDriver; with `CI` set that is a failure.
    pub(super) async fn open(profile: &str) -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(driver) = driver else {
            assert!(std::env::var_os("CI").is_none(), "chromedriver is not installed");
            eprintln!("SKIPPED: chromedriver is not installed");
            return None;
        };
        let profile = state().join(profile);
        let _ = std::fs::remove_dir_all(&profile);
        let options = serde_json::json!({"goog:chromeOptions": {"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,800", "--lang=en", "--host-resolver-rules=MAP evil.example 127.0.0.1", format!("--user-data-dir={}", profile.display()),
        ]}});
        let capabilities: Capabilities = serde_json::from_value(options).unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let connect = async {
            loop {
                let mut builder = ClientBuilder::new(HttpConnector::new());
                if let Ok(client) = builder.capabilities(capabilities.clone()).connect(&url).await {
                    return client;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let client = tokio::time::timeout(PATIENCE, connect)
            .await
            .expect("the browser starts");
        let home = stack().await.inspector.clone();
        Some(Self {
            client,
            home,
            _driver: driver,
        })
    }

    async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.home)).await.unwrap();
    }

    /// Waits for what a selector finds; the page changes by itself.
    async fn wait(&self, selector: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE);
        match wait.for_element(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(error) => panic!("{selector}: {error}\n{}", self.client.source().await.unwrap()),
        }
    }

    async fn click(&self, selector: &str) {
        self.click_on(Locator::Css(selector)).await;
    }

    /// Clicks it, again where the page has just changed by itself.
    async fn click_on(&self, what: Locator<'_>) {
        loop {
            let wait = self.client.wait().at_most(PATIENCE);
            let clicked = wait.for_element(what).await.unwrap().click().await;
            match clicked {
                Err(error) if error.is_stale_element_reference() => {}
                clicked => return clicked.unwrap(),
            }
        }
    }

    async fn text(&self) -> String {
        self.wait("main").await.text().await.unwrap()
    }

    /// Takes a picture where one is wanted.
    async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("ACUSE_SCREENSHOTS") else {
            return;
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), self.client.screenshot().await.unwrap()).unwrap();
    }

    /// Chooses a sample and sends it.
    async fn send(&self, sample: &str, with: &[&str]) {
        self.goto("/").await;
        let select = self.wait("select[name=sample]").await;
        select.select_by_value(sample).await.unwrap();
        for name in with {
            self.click(&format!(".samples input[name={name}]")).await;
        }
        self.click(".samples button").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_watches_and_redrives() {
    let _queues = QUEUES.lock().await;
    let Some(browser) = Browser::open("browser").await else {
        return;
    };

    // A sample is sent and completes, on the page that is open.
    browser.send("unopago invoice_created", &[]).await;
    browser
        .wait("tr[data-key*='invoice_created'] [data-status=COMPLETED]")
        .await;
    // The next one with its duplicate, which is counted.
    browser.send("unopago payment_received", &["twice"]).await;
    browser.wait("tr[data-key*='payment'] td[data-duplicates='1']").await;
    browser.picture("events.png").await;

    // Filters are in the URL, and stay there.
    let status = browser.wait(".filters select[name=status]").await;
    status.select_by_value("COMPLETED").await.unwrap();
    browser.click(".filters button").await;
    browser.wait("tr[data-key*='invoice_created']").await;
    assert!(
        browser
            .client
            .current_url()
            .await
            .unwrap()
            .query()
            .unwrap()
            .contains("status=COMPLETED")
    );
    let status = browser.wait(".filters select[name=status]").await;
    assert_eq!(status.prop("value").await.unwrap().as_deref(), Some("COMPLETED"));

    // By keyboard to an event, its timeline and payload.
    let page = browser.wait("body").await;
    page.send_keys("j").await.unwrap();
    let focus = browser.client.active_element().await.unwrap();
    assert!(focus.attr("href").await.unwrap().unwrap().starts_with("/event?key="));
    browser.click("tr[data-key*='payment'] td a").await;
    browser.wait("ol.timeline").await;
    let text = browser.text().await;
    for part in [
        "verified, signed form raw",
        "claimed, try 1",
        "hook payments",
        "185000.00",
        "María José Ñáñez",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    browser.picture("event.png").await;
    browser.click("main p a[href^='/life']").await;
    browser.wait("ol.life li [data-status=COMPLETED]").await;

    // In Spanish.
    browser.click("button[data-lang=es]").await;
    browser.wait("html[lang=es]").await;
    assert!(browser.text().await.contains("Su vida entera"));
    browser.click("button[data-lang=en]").await;
    browser.wait("html[lang=en]").await;

    // A forged one is in quarantine, with what is wrong with it.
    browser.send("unopago customer_updated", &["broken"]).await;
    browser.goto("/quarantine").await;
    browser.wait("tbody tr").await;
    assert!(
        browser
            .text()
            .await
            .contains("no header holds a signature of this body")
    );
    browser.picture("quarantine.png").await;
    browser.click("a[href^='/release']").await;
    browser.click("form button").await;
    browser.wait("tbody tr").await;

    // One that failed is redriven, after the page has shown what will happen.
    let (failed, id) = message(&unopago::PROVIDER, 77);
    dead_letter(failed, "hook `ship`: no such shop").await;
    browser.goto("/dead-letters").await;
    let row = format!("//tr[contains(., '{id}')]//a");
    let wait = browser.client.wait().at_most(PATIENCE);
    wait.for_element(Locator::XPath(&row)).await.unwrap();
    browser.picture("dead-letters.png").await;
    browser.click_on(Locator::XPath(&row)).await;
    browser.wait("p.what").await;
    assert!(browser.text().await.contains("no such shop"));
    browser.click("form button").await;
    browser.goto("/").await;
    browser
        .wait(&format!("tr[data-key*='{id}'] [data-status=COMPLETED]"))
        .await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_answers_this_machine_and_its_own_forms_alone() {
    let home = &stack().await.inspector;
    let client = reqwest::Client::new();
    let get = |host: &'static str| client.get(home).header("host", host).send();
    assert_eq!(get("127.0.0.1:3100").await.unwrap().status(), 200);
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:3000"] {
        assert_eq!(get(host).await.unwrap().status(), 421, "{host}");
    }
    for (path, form) in [
        ("send", "sample=unopago+payment_received"),
        ("redrive", "id=1&token=guessed"),
        ("replay", "key=1"),
        ("release", "id=1"),
    ] {
        let post = client.post(format!("{home}/{path}")).body(form);
        let post = post.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(post.send().await.unwrap().status(), 403, "{path}");
    }
}
