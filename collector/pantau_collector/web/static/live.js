// Keeps a page up to date without a reload: the server streams the parts of its board that change.
const LOST_AFTER_MS = 15000;
const POLL_MS = 10000;
const TRY_AGAIN_MS = 30000;
const { now, zone, day, hour, minute, second, last } = document.body.dataset;
const board = document.getElementById("board");

// The server's clock, because the screen's own may be wrong.
let ahead = Number(now) - Date.now();
const serverNow = () => Date.now() + ahead;
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });

let source = null;
let seen = last;
let heardAt = Date.now();
let triedAt = 0;
let polling = 0;

function connect() {
  clearTimeout(polling);
  if (source) source.close();
  triedAt = Date.now();
  const address = new URL(location.href);
  address.hash = "";
  address.searchParams.set("seen", seen);
  source = new EventSource(address);
  const on = (name, handle) =>
    source.addEventListener(name, (event) => {
      heardAt = Date.now();
      if (event.lastEventId) seen = event.lastEventId;
      handle(event.data);
    });
  on("beat", (data) => (ahead = Number(data) - Date.now()));
  on("board", (data) => show(parse(data)));
  on("parts", (data) => {
    const holder = document.createElement("template"); // in which a row may stand without its table
    holder.innerHTML = data;
    for (const fresh of [...holder.content.children]) {
      const old = document.getElementById(fresh.id);
      if (old) match(old, fresh);
    }
    changed();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) poll();
  });
}

// Where no stream is to be had, the page is fetched again and again, and a stream is tried from time to time.
async function poll() {
  const since = Date.now();
  const again = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-cache", signal: AbortSignal.timeout(9000) });
      if (answer.status === 401 || answer.redirected) location.reload();
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      seen = page.body.dataset.last;
      show(page.getElementById("board"));
      heardAt = Date.now();
    } catch {
      // tick() reports it once it has lasted.
    }
    polling = setTimeout(Date.now() - since > TRY_AGAIN_MS ? connect : again, POLL_MS);
  };
  await again();
}

function parse(html) {
  return new DOMParser().parseFromString(`<div id="board">${html}</div>`, "text/html").getElementById("board");
}

function show(fresh) {
  if (!fresh) return;
  for (const { name, value } of board.attributes) if (!fresh.hasAttribute(name)) fresh.setAttribute(name, value);
  match(board, fresh);
  changed();
}

function changed() {
  const titled = board.querySelector("[data-title]");
  if (titled) document.title = titled.dataset.title;
  document.dispatchEvent(new Event("board"));
}

// Makes `old` equal to `fresh`. An element with an id is kept, so that its picture is not loaded again.
function match(old, fresh) {
  if ("same" in fresh.dataset) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.dataset.since || "kept" in old.dataset) return; // tick(), or a script of the page, sets what is in it
  const wantedIds = new Set([...fresh.children].map((child) => child.id));
  const known = new Map();
  for (const child of [...old.children]) {
    if (child.id && !wantedIds.has(child.id)) child.remove();
    else if (child.id) known.set(child.id, child);
  }
  let place = old.firstChild;
  const drop = () => {
    const next = place.nextSibling;
    place.remove();
    place = next;
  };
  for (const wanted of [...fresh.childNodes]) {
    const same = wanted.id ? known.get(wanted.id) : place;
    if (wanted.id && same) while (place && place !== same && !place.id) drop();
    if (same && same.nodeName === wanted.nodeName && (same.id ?? "") === (wanted.id ?? "")) {
      if (same === place) place = place.nextSibling;
      else old.insertBefore(same, place);
      if (same.nodeType === Node.ELEMENT_NODE) match(same, wanted);
      else if (same.data !== wanted.data) same.data = wanted.data;
    } else {
      if (wanted.id) wanted.classList.add("fresh");
      old.insertBefore(wanted, place);
    }
  }
  while (place) drop();
}

function duration(ms) {
  const s = Math.max(Math.floor(ms / 1000), 0);
  if (s < 60) return `${s} ${second}`;
  if (s < 3600) return `${Math.floor(s / 60)} ${minute}`;
  if (s < 86400) return `${Math.floor(s / 3600)} ${hour} ${Math.floor((s % 3600) / 60)} ${minute}`;
  return `${Math.floor(s / 86400)} ${day} ${Math.floor((s % 86400) / 3600)} ${hour}`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  setText(document.getElementById("clock"), clock.format(serverNow()));
  for (const element of document.querySelectorAll("[data-since]")) {
    setText(element, duration(serverNow() - Number(element.dataset.since)));
  }
  const lost = Date.now() - heardAt > LOST_AFTER_MS;
  document.getElementById("lost").hidden = !lost;
  document.documentElement.classList.toggle("lost", lost);
  // A stream that was just opened has nothing to say for some seconds: it is not closed before.
  if (lost && Date.now() - triedAt > LOST_AFTER_MS && !document.hidden) connect();
}

// What is read out of the past is fetched again from time to time.
const past = document.querySelector("[data-refresh]");
async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-cache", signal: AbortSignal.timeout(20000) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = answer.ok && page.getElementById(past.id);
      if (fresh) match(past, fresh);
    } catch {
      // It is fetched again soon.
    }
  }
  setTimeout(refresh, 1000 * Number(past.dataset.refresh));
}
if (past) setTimeout(refresh, 1000 * Number(past.dataset.refresh));

document.documentElement.classList.add("script");
changed();
tick();
setInterval(tick, 1000);
connect();

// A browser has few connections for one server: a page that nobody sees lets go of its own.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(polling);
    source.close();
  } else {
    heardAt = Date.now();
    connect();
  }
});
