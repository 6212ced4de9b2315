// Asks for the page again when the ledger has changed, and puts it in place of the old one.
"use strict";

const content = document.getElementById("content");

let wanted = false; // the page is not the newest
let asking = false;
let pressed = false;

// Nothing moves under a hand: a click needs what was pressed to be there when it is let go.
function busy() {
  const focused = document.activeElement;
  return pressed || (content.contains(focused) && focused.matches("input, select, button"));
}

// Asks once at a time, so that an older answer never replaces a newer one.
async function refresh() {
  wanted = true;
  if (asking) return;
  asking = true;
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
    asking = false;
  }
}

function put(fresh) {
  const focused = content.contains(document.activeElement) && document.activeElement.getAttribute("href");
  // What is being filled in stays as it is.
  for (const form of content.querySelectorAll("form.samples, form.filters")) {
    const place = fresh.querySelector(`form.${form.className}`);
    if (place) place.replaceWith(form);
  }
  content.replaceChildren(...fresh.childNodes);
  // Whoever walks through the list by keyboard stays where they are.
  if (focused) content.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// What was put off is made up for.
function free() {
  pressed = false;
  if (wanted) refresh();
}
document.addEventListener("pointerdown", (event) => { pressed = event.button === 0; });
document.addEventListener("pointerup", free);
document.addEventListener("pointercancel", free);
content.addEventListener("focusout", () => { if (wanted) refresh(); });

// A page that asks for a confirmation stays until it is answered.
if (!document.querySelector("p.what")) listen();

function listen() {
  const live = new EventSource("/live");
  // What changed between this page and the connection: asked for once it stands.
  live.addEventListener("open", refresh);
  live.addEventListener("message", refresh);
  // A broken connection is made again by itself; one that was refused, for too many pages, is not.
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

// Up and down move through a table's links, as in a list.
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
