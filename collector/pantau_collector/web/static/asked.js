// Shows how far a request to an agent is, until it is answered.
"use strict";

const answer = document.getElementById("answer");
const address = new URL(location.href);
address.searchParams.set("part", "1");

async function look() {
  let wait = 500;
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    if (response.redirected || response.status === 401 || response.status === 403) {
      location.reload();
      return;
    }
    if (response.ok) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const part = page.querySelector(".answer");
      answer.replaceChildren(part);
      if (part.dataset.underWay === "no") return;
    }
  } catch {
    wait = 3000; // the collector cannot be reached for a moment
  }
  setTimeout(look, wait);
}

setTimeout(look, 300);
