// Lays the two pictures of a project over each other, with a cut that a slider moves; and follows a film that is made.

const compare = document.getElementById("compare");
if (compare) {
  const cut = document.getElementById("cut");
  const slider = document.getElementById("slider");
  const move = () => compare.style.setProperty("--cut", `${slider.value}%`);
  compare.classList.add("over");
  cut.hidden = false;
  slider.addEventListener("input", move);
  move();
}

const making = document.querySelector("[data-film]");
if (making) {
  const bar = making.querySelector("progress");
  const look = async () => {
    try {
      const answer = await fetch(making.dataset.film + location.search, { cache: "no-store" });
      const film = await answer.json();
      if (film.state !== "making") {
        location.reload();
        return;
      }
      bar.value = film.percent ?? 0;
    } catch {
      // the collector may be starting anew: it is asked again
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 1000);
}
