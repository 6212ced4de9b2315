// Reloads the content when the ledger changes.
"use strict";

const content = document.getElementById("content");

let wanted = false; // the content is outdated
let loading = false;
let pressed = false;

// Nothing is replaced during a click or while a field has the focus.
function busy() {
  const focused = document.activeElement;
  return pressed || (content.contains(focused) && focused.matches("input, select, button"));
}

// One request at a time, so that an older answer never replaces a newer one.
async function refresh() {
  wanted = true;
  if (loading) return;
  loading = true;
  try {
    while (wanted && !busy()) {
      wanted = false;
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (busy()) wanted = true;
      else put(page.getElementById("content"));
    }
  } finally {
    loading = false;
  }
}

function put(fresh) {
  const focused = content.contains(document.activeElement) && document.activeElement.getAttribute("href");
  // Forms that are being filled in stay.
  for (const form of content.querySelectorAll("form.samples, form.filters")) {
    const place = fresh.querySelector(`form.${form.className}`);
    if (place) place.replaceWith(form);
  }
  content.replaceChildren(...fresh.childNodes);
  // The keyboard focus stays on the same link.
  if (focused) content.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// Does a reload that was postponed.
function free() {
  pressed = false;
  if (wanted) refresh();
}
document.addEventListener("pointerdown", (event) => { pressed = event.button === 0; });
document.addEventListener("pointerup", free);
document.addEventListener("pointercancel", free);
content.addEventListener("focusout", () => { if (wanted) refresh(); });

// A confirmation is not reloaded.
if (!document.querySelector("p.what")) listen();

function listen() {
  const live = new EventSource("/live");
  // Picks up changes between loading the page and connecting.
  live.addEventListener("open", refresh);
  live.addEventListener("message", refresh);
  // The browser reconnects after a broken connection, but not if too many pages are open.
  live.addEventListener("error", () => {
    if (live.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
}

for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => {
    document.cookie = `lang=${button.dataset.lang}; path=/; max-age=31536000; samesite=strict`;
    location.reload();
  });
}

// The arrow keys, j and k move through a table's links.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (!step || event.target.matches("input, select, textarea")) return;
  const links = [...document.querySelectorAll("tbody tr td:first-child a")];
  const next = links[links.indexOf(document.activeElement) + step];
  if (next) {
    next.focus();
    event.preventDefault();
  }
});
