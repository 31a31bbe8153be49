// Deck pages: drop zone, upload with a progress bar, progress of the check. Without script the form still works.
import "./decks.css";

const count = (n) => n.toLocaleString("en").replaceAll(",", "\u202f");
const size = (bytes) => (bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`);
const PHASES = { read: "Reading the file", parse: "Reading cells", check: "Checking rows", compare: "Comparing with the deck in force", store: "Storing" };

function follow(root, url) {
  const bar = root.querySelector("[data-check-bar]");
  const text = root.querySelector("[data-check-text]");
  const figure = root.querySelector("[data-check-figure]");
  let wait = 250;
  const ask = async () => {
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (answer.status >= 400 && answer.status < 500) { window.location.reload(); return; }
      const now = await answer.json();
      if (now.location) { bar.style.width = "100%"; window.location.assign(now.location); return; }
      text.textContent = PHASES[now.phase] ?? (now.phase || "Waiting to start");
      bar.parentElement.classList.toggle("meter-indeterminate", !now.total);
      if (now.total) bar.style.width = `${Math.min(100, (100 * now.done) / now.total)}%`;
      figure.textContent = now.total ? `${count(now.done)} / ${count(now.total)}` : "";
      wait = Math.min(1000, wait * 1.15);
    } catch { wait = 1500; }
    setTimeout(ask, wait);
  };
  ask();
}

for (const node of document.querySelectorAll("[data-poll]")) follow(node, node.dataset.poll);

const form = document.querySelector("form.deck-upload");
if (form) {
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector("[data-dropzone]");
  const fault = form.querySelector("[data-file-error]");
  const panel = form.querySelector("[data-progress]");
  const limit = Number(form.dataset.limit);
  const complain = (words) => { fault.className = "alert alert-danger mt-3"; fault.textContent = words; };
  const chosen = () => {
    const file = input.files[0];
    zone.classList.toggle("chosen", Boolean(file));
    if (!file) return;
    fault.className = "d-none";
    zone.querySelector("[data-filename]").textContent = `${file.name} · ${size(file.size)}`;
    if (file.size === 0) complain("The file is empty: choose it again.");
    if (file.size > limit) complain(`The file has ${size(file.size)}; at most ${size(limit)} are taken. Split it and try again.`);
  };
  input.addEventListener("change", chosen);
  for (const name of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) { input.files = event.dataTransfer.files; chosen(); }
    });
  }
  form.addEventListener("submit", (event) => {
    const file = input.files[0];
    if (!file) return; // the server says what is missing
    event.preventDefault();
    if (file.size > limit) { chosen(); return; }
    const button = form.querySelector("button[type=submit]");
    const bar = panel.querySelector("[data-upload-bar]");
    const request = new XMLHttpRequest();
    fault.className = "d-none";
    panel.classList.remove("d-none");
    button.disabled = true;
    request.upload.addEventListener("progress", (at) => {
      if (!at.lengthComputable) return;
      bar.style.width = `${(100 * at.loaded) / at.total}%`;
      panel.querySelector("[data-upload-figure]").textContent = `${size(at.loaded)} / ${size(at.total)}`;
    });
    request.addEventListener("load", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* a page instead of JSON: shown below */ }
      if (request.status < 300 && answer.location) {
        panel.querySelector("[data-upload-text]").textContent = "Uploaded";
        bar.style.width = "100%";
        const where = answer.location.split("?")[0];
        if (answer.again) window.location.assign(answer.location); else follow(panel, `${where}/status`);
        return;
      }
      panel.classList.add("d-none");
      button.disabled = false;
      const words = Object.values(answer.errors ?? {}).flat().join(" ");
      complain(words || answer.detail || `The upload failed (${request.status}). Try again.`);
    });
    request.addEventListener("error", () => { panel.classList.add("d-none"); button.disabled = false; complain("The connection broke. Try again: what was already received is recognised."); });
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.send(new FormData(form));
  });
}
