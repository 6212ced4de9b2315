//! The live list: it patches rows in place, and takes nothing away from the reader.

use super::*;

/// Sends a sample from another window, so that this page only sees that the ledger has changed.
async fn event_elsewhere() {
    let unopago = &unopago::PROVIDER;
    assert_eq!(post(unopago, &payment(unopago), &local_secrets(unopago)).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_events_wait_until_they_are_asked_for() {
    let Some(browser) = Browser::open("live").await else {
        return;
    };
    // Enough rows to scroll.
    for _ in 0..3 {
        event_elsewhere().await;
    }
    browser.goto("/events?provider=unopago").await;
    browser.wait("tr[data-key] [data-status=COMPLETED]").await;
    browser
        .until("document.getElementById('live').textContent === 'live'")
        .await;

    // The reader types, has a selection, has scrolled, and looks at a row.
    browser
        .wait(".filters input[name=q]")
        .await
        .send_keys("ORD-48")
        .await
        .unwrap();
    let prepare = "(() => {
        document.body.style.minHeight = '4000px';
        scrollTo(0, 120);
        document.activeElement.setSelectionRange(1, 3);
        window.first = document.querySelector('tr[data-key]');
        window.rows = document.querySelectorAll('tr[data-key]').length;
        return true;
    })()";
    assert_eq!(browser.ask(prepare).await.unwrap(), true);
    event_elsewhere().await;
    browser
        .until("/^[0-9]+ new events?$/.test(document.querySelector('#fresh button:not([hidden])')?.textContent)")
        .await;
    let kept = "[document.activeElement.name, document.activeElement.value, document.activeElement.selectionStart,
        document.activeElement.selectionEnd, scrollY, window.first === document.querySelector('tr[data-key]'),
        window.rows === document.querySelectorAll('tr[data-key]').length]";
    assert_eq!(
        browser.ask(kept).await.unwrap(),
        serde_json::json!(["q", "ORD-48", 1, 3, 120, true, true])
    );

    // A press brings them, the newest first, and the keyboard goes on from there.
    browser.ask("scrollTo(0, 0)").await.unwrap();
    browser.click(Locator::Css("#fresh button")).await;
    browser.until("document.querySelector('#fresh button').hidden").await;
    browser
        .until("document.activeElement.closest('tr') === document.querySelector('tr[data-key]')")
        .await;
    browser
        .until("window.first !== document.querySelector('tr[data-key]') && window.first.isConnected")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_moves_searches_and_helps_and_a_button_copies() {
    let Some(browser) = Browser::open("keys").await else {
        return;
    };
    event_elsewhere().await;
    event_elsewhere().await;
    // Other tests send UnoPago events of every kind meanwhile.
    let own = "provider=unopago&account=default&type=payment_received&environment=live&status=COMPLETED";
    // An open list shows new events only if it is asked to.
    let two_rows = async {
        let two = "document.querySelectorAll('tr[data-key] [data-status=COMPLETED]').length >= 2";
        while browser.ask(two).await.unwrap() != true {
            browser.goto(&format!("/events?{own}")).await;
        }
    };
    tokio::time::timeout(PATIENCE, two_rows).await.expect("both complete");
    let row = "[...document.querySelectorAll('tr[data-key]')].indexOf(document.activeElement.closest('tr'))";
    for (key, place) in [("j", 0), ("j", 1), ("k", 0), ("k", 0)] {
        let focused = browser.client.active_element().await.unwrap();
        focused.send_keys(key).await.unwrap();
        assert_eq!(browser.ask(row).await.unwrap(), place, "{key}");
    }
    browser.wait("body").await.send_keys("?").await.unwrap();
    browser.until("document.getElementById('keys').open").await;
    browser.click(Locator::Css("#keys button")).await;
    browser.until("!document.getElementById('keys').open").await;
    browser.wait("body").await.send_keys("/").await.unwrap();
    browser.until("document.activeElement.name === 'q'").await;

    // What is copied is what the record has, quoted for a shell.
    let catch = "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }, true";
    browser.follow(Locator::Css("tbody tr a")).await;
    browser.ask(catch).await.unwrap();
    browser.click(Locator::XPath("//button[.='Copy payload']")).await;
    browser
        .until("JSON.parse(window.copied).event === 'payment_received'")
        .await;
    browser
        .click(Locator::XPath("//button[.='Copy acuse events show']"))
        .await;
    browser
        .until("/^acuse events show 'unopago#live#payment#[^']+'$/.test(window.copied)")
        .await;
    browser.close().await;
}
