// Keeps the page up to date without moving anything under the reader's eyes: rows are patched in place by their key,
// and new ones wait until the reader asks for them. The server renders everything; idiomorph patches.
"use strict";

const content = document.getElementById("content");
const fresh = document.querySelector("#fresh button");
const live = document.getElementById("live");
const isRow = (node) => node.matches?.("tr[data-key]");
const keys = (root) => [...root.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key);

// Times are sent in UTC, and shown in the browser's zone.
function localise(root) {
  const zone = { dateStyle: undefined, year: "numeric", month: "2-digit", day: "2-digit", timeZoneName: "short" };
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const format = new Intl.DateTimeFormat("en-CA", { ...zone, ...clock });
  for (const time of root.querySelectorAll("[datetime]")) {
    const parts = format.formatToParts(new Date(time.getAttribute("datetime")));
    const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
    const date = `${part.year}-${part.month}-${part.day}`;
    time.textContent = `${date} ${part.hour}:${part.minute}:${part.second} ${part.timeZoneName}`;
  }
}

let wanted = false; // the content is outdated
let loading = false;

async function load() {
  const answer = await fetch(location.href);
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  localise(page);
  return page;
}

// One request at a time, so that an older answer never replaces a newer one.
async function refresh() {
  wanted = true;
  if (loading) return;
  loading = true;
  try {
    while (wanted) {
      wanted = false;
      const page = await load();
      if (page) patch(page, false);
      again();
      await new Promise((done) => setTimeout(done, content.dataset.pace));
    }
  } finally {
    loading = false;
  }
}

// A part of the page may still be in the making, or is good for a while only. A page that nobody sees waits.
let timer;
function again() {
  clearTimeout(timer);
  const part = content.querySelector("[data-again]");
  if (part) timer = setTimeout(() => document.hidden || refresh(), part.dataset.again);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && content.querySelector("[data-again]")) refresh();
});

// What the reader types, chooses or opens stays as it is.
function patch(page, all) {
  const next = page.getElementById("content");
  const known = new Set(keys(content));
  const added = known.size === 0 || all ? 0 : keys(next).filter((key) => !known.has(key)).length;
  const nav = "header nav";
  Idiomorph.morph(document.querySelector(nav), page.querySelector(nav).innerHTML, { morphStyle: "innerHTML" });
  Idiomorph.morph(content, next.innerHTML, {
    morphStyle: "innerHTML",
    callbacks: {
      beforeNodeMorphed: (old) => !old.matches?.("form, input, details, [data-copy]"),
      beforeNodeAdded: (node) => all || known.size === 0 || !isRow(node),
      beforeNodeRemoved: (node) => all || !isRow(node),
    },
  });
  fresh.hidden = added === 0;
  fresh.textContent = (added === 1 ? fresh.dataset.one : fresh.dataset.many).replace("{n}", added);
}

fresh.addEventListener("click", async () => {
  const page = await load();
  if (!page) return;
  patch(page, true);
  content.querySelector("tr[data-key] a")?.focus();
});

function listen() {
  const changes = new EventSource("/live");
  const show = (on) => {
    live.textContent = on ? live.dataset.on : live.dataset.off;
    document.body.classList.toggle("offline", !on);
  };
  // Picks up changes between loading the page and connecting.
  changes.addEventListener("open", () => { show(true); refresh(); });
  changes.addEventListener("message", refresh);
  // The browser reconnects after a broken connection, but not if too many pages are open.
  changes.addEventListener("error", () => {
    show(false);
    if (changes.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
}

localise(document);
again();
// A confirmation is not reloaded.
if (!document.querySelector(".what")) listen();

document.addEventListener("click", async ({ target }) => {
  const language = target.closest("[data-lang]");
  if (language) {
    document.cookie = `lang=${language.dataset.lang}; path=/; max-age=31536000; samesite=strict`;
    location.reload();
  }
  const copy = target.closest("[data-copy]");
  if (!copy) return;
  const label = copy.dataset.label ??= copy.textContent;
  const copied = await navigator.clipboard.writeText(copy.dataset.copy).then(() => true, () => false);
  copy.textContent = copied ? copy.dataset.done : copy.dataset.failed;
  setTimeout(() => { copy.textContent = label; }, 2000);
});

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-all]")) return;
  for (const box of content.querySelectorAll("tr input[name=id]")) box.checked = target.checked;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  const links = [...content.querySelectorAll("tr[data-key]")].map((row) => row.querySelector("a")).filter(Boolean);
  const here = links.indexOf(document.activeElement?.closest("tr[data-key]")?.querySelector("a"));
  const step = { j: 1, k: -1, ...(here >= 0 && { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
  if (step) links[Math.max(here + step, 0)]?.focus();
  else if (event.key === "/") document.querySelector("input[type=search]")?.select();
  else if (event.key === "?") document.getElementById("keys").showModal();
  else return;
  event.preventDefault();
});
