//! The inspector in a real browser: Chromium, driven by ChromeDriver.
//!
//! `ACUSE_SCREENSHOTS=docs/images` also takes the README's pictures.

mod live;
mod looks;

use acuse_cli::stack::target::Target;
use acuse_core::providers::unopago;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use super::dead_letters::{dead_letter, message};
use super::*;

/// The variable that names the folder of the README's pictures.
const README: &str = "ACUSE_SCREENSHOTS";

/// The inspector's URL.
async fn home() -> &'static str {
    &stack().await.inspector
}

pub(super) struct Browser {
    pub(super) client: Client,
    driver: Driver,
}

/// ChromeDriver, on a port that it chooses itself.
struct Driver {
    url: String,
    _process: Child,
    /// Kept open, because it writes more.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// `None` if it is not installed.
    async fn start() -> Option<Self> {
        // It takes a free port of one address, and exits if another program has that port of the other address.
        for _ in 0..10 {
            match tokio::time::timeout(PATIENCE, Self::try_start()).await {
                Ok(Ok(driver)) => return Some(driver),
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return None,
                Ok(Err(_)) => {}
                Err(_) => panic!("chromedriver does not start"),
            }
        }
        panic!("chromedriver ended each time")
    }

    async fn try_start() -> std::io::Result<Self> {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.kill_on_drop(true).spawn()?;
        let mut stdout = BufReader::new(process.stdout.take().unwrap()).lines();
        while let Some(line) = stdout.next_line().await? {
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                return Ok(Self {
                    url: format!("http://127.0.0.1:{}", port.trim_end_matches('.')),
                    _process: process,
                    _stdout: stdout,
                });
            }
        }
        Err(std::io::Error::other("chromedriver ended"))
    }
}

impl Browser {
    /// `None` without ChromeDriver; with `CI` set, that is a failure.
    pub(super) async fn open(profile: &str) -> Option<Self> {
        let Some(driver) = Driver::start().await else {
            assert!(std::env::var_os("CI").is_none(), "chromedriver is not installed");
            eprintln!("SKIPPED: chromedriver is not installed");
            return None;
        };
        let profile = state().join(profile);
        let _ = std::fs::remove_dir_all(&profile);
        let options = serde_json::json!({"goog:chromeOptions": {"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,800", "--lang=en", "--host-resolver-rules=MAP evil.example 127.0.0.1",
            format!("--user-data-dir={}", profile.display()),
        ]}});
        let capabilities: Capabilities = serde_json::from_value(options).unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&driver.url).await.unwrap();
        Some(Self { client, driver })
    }

    async fn close(self) {
        self.client.close().await.unwrap();
        drop(self.driver);
    }

    async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", home().await)).await.unwrap();
    }

    /// Evaluates an expression in the page.
    async fn ask(&self, expression: &str) -> Result<Value, CmdError> {
        self.client.execute(&format!("return {expression}"), Vec::new()).await
    }

    /// Waits until an expression is true in the page, which updates itself.
    async fn until(&self, expression: &str) {
        let wait = async {
            // Between two pages there may be none.
            while !matches!(self.ask(expression).await, Ok(Value::Bool(true))) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("{expression}\n{}", self.client.source().await.unwrap());
        }
    }

    /// The same in a list, where new events wait behind a button until somebody asks for them.
    async fn until_listed(&self, expression: &str) {
        let ask = "document.querySelector('#fresh button:not([hidden])')?.click()";
        self.until(&format!("({ask}, {expression})")).await;
    }

    /// Waits for a selector to match in a list.
    async fn wait_listed(&self, selector: &str) {
        self.until_listed(&format!("document.querySelector(`{selector}`) !== null"))
            .await;
    }

    /// Waits for a selector to match; the page updates itself.
    async fn wait(&self, selector: &str) -> Element {
        self.wait_for(Locator::Css(selector)).await
    }

    async fn wait_for(&self, what: Locator<'_>) -> Element {
        let wait = self.client.wait().at_most(PATIENCE);
        match wait.for_element(what).await {
            Ok(element) => element,
            Err(error) => panic!("{what:?}: {error}\n{}", self.client.source().await.unwrap()),
        }
    }

    /// Clicks, and clicks again if the page has just updated itself.
    async fn click(&self, what: Locator<'_>) {
        loop {
            match self.wait_for(what).await.click().await {
                Err(error) if error.is_stale_element_reference() => {}
                clicked => return clicked.unwrap(),
            }
        }
    }

    /// Clicks on a link and waits for its page. Otherwise the next step would still find the old page, or stop the new
    /// one from loading.
    async fn follow(&self, what: Locator<'_>) {
        // No two pages start at the same moment.
        let old = self.ask("performance.timeOrigin").await.unwrap();
        self.click(what).await;
        self.until(&format!(
            "performance.timeOrigin !== {old} && document.readyState === 'complete'"
        ))
        .await;
    }

    async fn text(&self) -> String {
        self.wait("main").await.text().await.unwrap()
    }

    /// Takes a screenshot if this variable names a folder for them.
    async fn picture(&self, variable: &str, name: &str) {
        let Some(folder) = std::env::var_os(variable) else {
            return;
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), self.client.screenshot().await.unwrap()).unwrap();
    }

    /// Chooses a sample and sends it, again if the page says that it took too long, as on a busy machine.
    async fn send(&self, sample: &str, with: &[&str]) {
        for _ in 0..10 {
            self.goto("/events").await;
            let select = self.wait("select[name=sample]").await;
            select.select_by_value(sample).await.unwrap();
            for name in with {
                self.click(Locator::Css(&format!(".samples input[name={name}]"))).await;
            }
            self.follow(Locator::Css(".samples button")).await;
            if self.client.current_url().await.unwrap().path() == "/events" {
                return;
            }
        }
        panic!("{sample} was not taken: {}", self.client.source().await.unwrap());
    }
}

/// The keys of UnoPago's events that have duplicates.
const COUNTED: &str =
    "[...document.querySelectorAll('tr[data-key^=unopago]:has([data-duplicates])')].map((row) => row.dataset.key)";

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_watches_and_redrives() {
    let _queues = lock_both_queues().await;
    let Some(browser) = Browser::open("browser").await else {
        return;
    };

    // A sample is sent and completes on the open page.
    browser.send("unopago invoice_created", &[]).await;
    browser
        .wait_listed("tr[data-key*='invoice_created'] [data-status=COMPLETED]")
        .await;
    // The next one is sent twice, and the duplicate is counted. Other tests send payments too.
    browser.goto("/events").await;
    let others = browser.ask(COUNTED).await.unwrap();
    browser.send("unopago payment_received", &["twice"]).await;
    let own = format!("{COUNTED}.find((key) => !{others}.includes(key))");
    browser.until_listed(&format!("{own} !== undefined")).await;
    let payment = browser.ask(&own).await.unwrap();
    let payment = payment.as_str().unwrap();
    let (partition, _) = payment.split_once('|').unwrap();
    let (_, id) = partition.rsplit_once('#').unwrap();
    browser.picture(README, "events.png").await;

    // Filters are kept in the URL.
    let status = browser.wait(".filters select[name=status]").await;
    status.select_by_value("COMPLETED").await.unwrap();
    browser
        .wait(".filters input[name=q]")
        .await
        .send_keys(id)
        .await
        .unwrap();
    browser.follow(Locator::Css(".filters button")).await;
    let url = browser.client.current_url().await.unwrap();
    let query = url.query().unwrap();
    assert!(
        query.contains("status=COMPLETED") && query.contains(&format!("q={id}")),
        "{query}"
    );
    let status = browser.wait(".filters select[name=status]").await;
    assert_eq!(status.prop("value").await.unwrap().as_deref(), Some("COMPLETED"));
    browser.wait("tbody tr").await;
    let keys = "[...document.querySelectorAll('tbody tr')].map((row) => row.dataset.key)";
    assert_eq!(browser.ask(keys).await.unwrap(), serde_json::json!([payment]));

    // The keyboard reaches the event though the page updates meanwhile; it has a timeline and a payload.
    browser.wait("body").await.send_keys("j").await.unwrap();
    browser.ask("refresh()").await.unwrap();
    browser
        .until("document.activeElement.getAttribute('href')?.startsWith('/event?key=') === true")
        .await;
    browser.follow(Locator::Css("tbody td a:focus")).await;
    browser.wait("ol.timeline").await;
    let text = browser.text().await;
    for part in [
        "verified, canonical form raw",
        "processing started, attempt 1",
        "hook payments",
        "185000.00",
        "María José Ñáñez",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    browser.picture(README, "event.png").await;
    browser.follow(Locator::Css("main p a[href^='/life']")).await;
    browser.wait("svg circle[data-status=COMPLETED]").await;
    browser.wait("tr[data-key] [data-status=COMPLETED]").await;

    // In Spanish.
    browser.follow(Locator::Css("button[data-lang=es]")).await;
    browser.wait("html[lang=es]").await;
    assert!(browser.text().await.contains("Todos los eventos de este recurso"));
    browser.follow(Locator::Css("button[data-lang=en]")).await;
    browser.wait("html[lang=en]").await;

    // A forged delivery is in quarantine with its diagnosis, and can't be released.
    browser.send("unopago customer_updated", &["broken"]).await;
    browser.goto("/quarantine").await;
    let forged = "//tr[td='unopago' and contains(., 'no header contains a valid signature of this body')]";
    browser
        .wait_for(Locator::XPath(&format!("{forged}[not(.//a[.='Release'])]")))
        .await;
    browser.picture(README, "quarantine.png").await;
    let id = "[...document.querySelectorAll('tr')].find((row) => row.textContent.includes('unopago') && row.textContent.includes('no header contains')).querySelector('code').textContent";
    let id = browser.ask(id).await.unwrap();
    browser.goto(&format!("/release?id={}", id.as_str().unwrap())).await;
    browser.wait(".what").await;
    browser.follow(Locator::Css("main form button")).await;
    browser.wait_for(Locator::XPath(forged)).await;

    // A failed event is redriven after a confirmation.
    let (failed, id) = message(&unopago::PROVIDER, 77);
    dead_letter(failed, "hook `ship`: no such shop").await;
    browser.goto("/dead-letters").await;
    let row = format!("//tr[contains(., '{id}')]//a[.='Redrive']");
    browser.wait_for(Locator::XPath(&row)).await;
    browser.picture(README, "dead-letters.png").await;
    browser.follow(Locator::XPath(&row)).await;
    browser.wait(".what").await;
    assert!(browser.text().await.contains("no such shop"));
    browser.follow(Locator::Css("main form button")).await;
    browser.goto("/events").await;
    browser
        .wait_listed(&format!("tr[data-key*='{id}'] [data-status=COMPLETED]"))
        .await;

    // Several are chosen and redriven at once.
    let several = [78, 79].map(|number| message(&unopago::PROVIDER, number));
    let ids = several.each_ref().map(|(_, id)| id.clone());
    for (failed, _) in several {
        dead_letter(failed, "hook `ship`: no such shop").await;
    }
    browser.goto("/dead-letters").await;
    for id in &ids {
        let choose = format!("//tr[contains(., '{id}')]//input");
        browser.click(Locator::XPath(&choose)).await;
    }
    browser.follow(Locator::Css("#chosen button")).await;
    let asked = browser.text().await;
    assert!(ids.iter().all(|id| asked.contains(id.as_str())), "{asked}");
    browser.follow(Locator::Css("main form button")).await;
    browser.goto("/events").await;
    for id in &ids {
        browser
            .wait_listed(&format!("tr[data-key*='{id}'] [data-status=COMPLETED]"))
            .await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sample_is_reported() {
    let refusing = axum::Router::new().fallback(|| async { (axum::http::StatusCode::SERVICE_UNAVAILABLE, "later") });
    let mut running = stack().await.clone();
    running.http = serve(refusing).await;
    let inspector = serve(acuse_cli::inspector::router(Target::local(running).await.unwrap())).await;
    let client = acuse_cli::http::client().unwrap();
    let page = client
        .get(format!("{inspector}/events"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let (_, token) = page.split_once("name=\"token\" value=\"").unwrap();
    let (token, _) = token.split_once('"').unwrap();
    for broken in ["", "&broken=1"] {
        let form = format!("token={token}&sample=unopago+payment_received{broken}");
        let post = client.post(format!("{inspector}/send")).body(form);
        let post = post.header("content-type", "application/x-www-form-urlencoded");
        let answer = post.send().await.unwrap();
        assert_eq!(answer.status(), 502);
        let text = answer.text().await.unwrap();
        assert!(text.contains("answered 503 to the sample: later"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_answers_only_this_machine_and_its_own_forms() {
    let home = home().await;
    let client = acuse_cli::http::client().unwrap();
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
        ("redrive", "id=1&id=2&token=guessed"),
    ] {
        let post = client.post(format!("{home}/{path}")).body(form);
        let post = post.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(post.send().await.unwrap().status(), 403, "{path}");
    }
}
