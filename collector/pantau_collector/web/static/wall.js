// Updates the wall without a reload: fetches the board, and changes only what differs in the page.
"use strict";

const EVERY_MS = 2000;
const LOST_AFTER_MS = 8000;
const { now, zone, day, hour, minute, second } = document.body.dataset;

// The server's clock, because the screen's own may be wrong.
const ahead = Number(now) - Date.now();
const serverNow = () => Date.now() + ahead;
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });

let tag = null;
let lastAnswer = Date.now();

async function update() {
  try {
    const answer = await fetch("board" + location.search, { cache: "no-cache", signal: AbortSignal.timeout(6000) });
    if (answer.status === 401) location.reload(); // to sign in again
    if (!answer.ok) throw new Error(answer.status);
    if (answer.headers.get("etag") !== tag) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
      match(document.getElementById("board"), fresh);
      document.title = fresh.dataset.title;
      tag = answer.headers.get("etag");
    }
    lastAnswer = Date.now();
  } catch {
    // tick() reports it once it has lasted.
  }
  setTimeout(update, EVERY_MS);
}

// Makes `old` equal to `fresh`. An element with an id is kept, so that its picture is not loaded again.
function match(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.dataset.since) return; // tick() sets its text
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
  const lost = Date.now() - lastAnswer > LOST_AFTER_MS;
  document.getElementById("lost").hidden = !lost;
  document.documentElement.classList.toggle("lost", lost);
}

document.documentElement.classList.add("script");
document.title = document.getElementById("board").dataset.title;
tick();
setInterval(tick, 1000);
setTimeout(update, EVERY_MS);
