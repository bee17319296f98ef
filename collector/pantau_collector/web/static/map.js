// Draws the sites of the list on a map. The list is what counts: the map shows the same to those who can see it.
const frame = document.getElementById("map");
const { tiles, attribution, land, root } = frame.dataset;

frame.classList.add("drawn"); // before the map measures it
const map = L.map(frame, { zoomControl: true, attributionControl: true, worldCopyJump: false, maxZoom: 18, minZoom: 4 });
map.attributionControl.setPrefix(false);
if (tiles) {
  L.tileLayer(tiles, { maxZoom: 18, attribution }).addTo(map);
} else {
  fetch(land)
    .then((answer) => answer.json())
    .then((shapes) =>
      L.geoJSON(shapes, { interactive: false, style: { className: "land", weight: 1 }, renderer: L.svg({ padding: 1 }) })
        .addTo(map)
        .bringToBack(),
    );
  map.attributionControl.addAttribution(attribution);
}

const RANK = ["down", "impaired", "degraded", "unknown", "disabled", "ok"];
const markers = new Map();
const sites = () => [...document.querySelectorAll("#board [data-latitude]")];

function draw() {
  const found = new Set();
  for (const site of sites()) {
    const { latitude, longitude, mark, wrong, name } = site.dataset;
    const key = site.id;
    found.add(key);
    const look = `${latitude},${longitude},${mark},${wrong},${name}`;
    const known = markers.get(key);
    if (known?.look === look) continue;
    known?.marker.remove();
    const symbol = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    symbol.setAttribute("class", `mark ${mark}`);
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#is-${mark}`);
    symbol.append(use);
    const html = document.createElement("span");
    html.append(symbol);
    if (Number(wrong)) html.append(Object.assign(document.createElement("b"), { textContent: wrong }));
    const icon = L.divIcon({ className: `pin ${mark}`, html, iconSize: [30, 30] });
    const marker = L.marker([Number(latitude), Number(longitude)], {
      icon,
      keyboard: false, // the list beside the map has the same links, in order
      zIndexOffset: 1000 * (RANK.length - RANK.indexOf(mark)),
    });
    marker.bindTooltip(Object.assign(document.createElement("span"), { textContent: name }), { direction: "top", offset: [0, -14] });
    marker.on("click", () => document.querySelector(`[id="${key}"] a`).click());
    marker.addTo(map);
    marker.getElement().setAttribute("aria-hidden", "true");
    markers.set(key, { marker, look });
  }
  for (const [key, { marker }] of markers) {
    if (found.has(key)) continue;
    marker.remove();
    markers.delete(key);
  }
}

function fit() {
  const places = sites().map((site) => [Number(site.dataset.latitude), Number(site.dataset.longitude)]);
  if (places.length) map.fitBounds(places, { padding: [40, 40], maxZoom: tiles ? 15 : 12 });
  else map.setView([1.08, 104.03], 10);
}

// Where a link in the list has the focus, its site is shown on the map.
document.addEventListener("focusin", (event) => highlight(event.target));
document.addEventListener("mouseover", (event) => highlight(event.target));
function highlight(element) {
  const key = element.closest?.("#board [data-latitude]")?.id;
  for (const [id, { marker }] of markers) marker.getElement()?.classList.toggle("pointed", id === key);
}

fit();
draw();
document.addEventListener("board", draw);
document.getElementById("fit").addEventListener("click", fit);
