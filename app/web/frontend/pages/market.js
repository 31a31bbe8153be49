// The market: ticks fill a compare tray that survives paging, rows open a side panel, charts can be cut to 30 days.
import "./market.css";

const MOST = 4;
const KEPT = "tandem-compare";
const tray = document.getElementById("tray");
const panel = document.getElementById("panel");
const list = document.getElementById("market-list");

let picked = [];
try { picked = JSON.parse(sessionStorage.getItem(KEPT)) ?? []; } catch { picked = []; }

function show() {
  if (!tray) return;
  sessionStorage.setItem(KEPT, JSON.stringify(picked));
  tray.classList.toggle("d-none", picked.length === 0);
  const items = document.getElementById("tray-items");
  items.textContent = "";
  for (const { key, label } of picked) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "chip on";
    chip.textContent = `${label} ×`;
    chip.setAttribute("aria-label", `Take ${label} out`);
    chip.addEventListener("click", () => pick(key, label, false));
    items.append(chip);
  }
  const go = tray.querySelector("[data-compare]");
  go.href = "/market/compare?" + picked.map(({ key }) => `o=${encodeURIComponent(key)}`).join("&");
  go.classList.toggle("disabled", picked.length < 2);
  go.setAttribute("aria-disabled", String(picked.length < 2));
  go.textContent = picked.length < 2 ? "Tick one more" : `Compare ${picked.length}`;
  const keys = new Set(picked.map(({ key }) => key));
  for (const box of document.querySelectorAll("[data-pick]")) {
    box.checked = keys.has(box.dataset.pick);
    box.disabled = !box.checked && picked.length >= MOST;
  }
}

function pick(key, label, on) {
  picked = picked.filter((one) => one.key !== key);
  if (on && picked.length < MOST) picked.push({ key, label });
  show();
}

document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-pick]");
  if (box) pick(box.dataset.pick, box.dataset.label, box.checked);
});
document.querySelector("[data-tray-clear]")?.addEventListener("click", () => { picked = []; show(); });
show();

function open(on) {
  if (!panel) return;
  panel.classList.toggle("d-none", !on);
  list.className = on ? "col-12 col-xl-8" : "col-12";
}
// Opened before the answer comes, so that the chart inside is drawn at its real width.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open]");
  if (link && panel) {
    document.querySelectorAll("tr.row-active").forEach((row) => row.classList.remove("row-active"));
    link.closest("tr")?.classList.add("row-active");
    open(true);
  } else if (event.target.closest("[data-panel-close]")) {
    open(false);
  } else {
    const row = event.target.closest("tr[data-offer]");
    if (row && !event.target.closest("a,button,input,label")) row.querySelector("[data-open]")?.click();
  }
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") open(false); });

for (const button of document.querySelectorAll("[data-days]")) {
  button.addEventListener("click", () => {
    const node = document.querySelector("[data-chart]");
    node.dataset.whole ??= node.dataset.chart;
    const spec = JSON.parse(node.dataset.whole);
    const since = spec.x.at(-1) - Number(button.dataset.days) * 86400;
    const from = spec.x.findIndex((at) => at >= since);
    spec.x = spec.x.slice(from);
    for (const one of spec.series) one.values = one.values.slice(from);
    node.dataset.chart = JSON.stringify(spec);
    document.querySelectorAll("[data-days]").forEach((other) => other.classList.toggle("active", other === button));
    document.dispatchEvent(new CustomEvent("tandem:theme"));
  });
}
if (window.matchMedia("(max-width: 767.98px)").matches) document.querySelector("details.facets")?.removeAttribute("open");
