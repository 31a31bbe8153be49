// <div data-chart='{"x":[unix seconds…],"series":[{"label":"…","values":[…]}],"places":5}'> becomes a uPlot line chart.
// "unit": "s": x are seconds of a call; "at": instants within days. "low", "high": the scale holds at least these.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const palette = ["#0f766e", "#6366f1", "#d97706", "#db2777", "#0284c7", "#65a30d", "#7c3aed", "#475569"];
const shown = new Map();

const stamp = (v) => new Date(v * 1000).toISOString();
const units = {
  day: { time: true, label: "Day", value: (v) => stamp(v).slice(0, 10), tick: (v) => stamp(v).slice(5, 10) },
  at: { time: true, label: "At", value: (v) => stamp(v).slice(0, 16).replace("T", " "), tick: (v) => stamp(v).slice(5, 16).replace("T", " "), space: 90 },
  s: { time: false, label: "Second", value: (v) => `${v} s`, tick: (v) => `${v}` },
};

function scale(spec) {
  if (spec.low == null && spec.high == null) return {};
  return {
    range: (_, min, max) => {
      const low = Math.min(spec.low ?? Infinity, min ?? Infinity);
      const high = Math.max(spec.high ?? -Infinity, (max ?? 0) * 1.05);
      return [low, high > low ? high : low + 1];
    },
  };
}

function draw(node) {
  shown.get(node)?.destroy();
  node.textContent = "";
  const spec = JSON.parse(node.dataset.chart);
  // Canvas does not understand light-dark() or color-mix(), so both themes are named here.
  const dark = document.documentElement.getAttribute("data-bs-theme") === "dark";
  const ink = dark ? "#93a9b3" : "#61727b";
  const grid = dark ? "#1d313b" : "#e6ebee";
  const places = spec.places ?? 4;
  const unit = units[spec.unit ?? "day"];
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, font: "12px 'Inter Variable', sans-serif" };
  const series = spec.series.map((one, i) => ({
    label: one.label, stroke: palette[i % palette.length], width: 2, spanGaps: true,
    paths: spec.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined, points: { show: spec.x.length < 20 },
    fill: spec.series.length === 1 ? palette[0] + "1a" : undefined,
    value: (_, v) => (v == null ? "–" : v.toFixed(places)),
  }));
  const options = {
    width: node.clientWidth, height: Number(node.dataset.height ?? 220), legend: { live: true }, cursor: { y: false },
    scales: { x: { time: unit.time }, y: scale(spec) }, series: [{ label: unit.label, value: (_, v) => (v == null ? "–" : unit.value(v)) }, ...series],
    axes: [{ ...axis, ...(unit.space ? { space: unit.space } : {}), values: (_, ticks) => ticks.map(unit.tick) }, { ...axis, size: 64, values: (_, ticks) => ticks.map((v) => v.toFixed(Math.min(places, 4))) }],
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
  };
  shown.set(node, new uPlot(options, [spec.x, ...spec.series.map((one) => one.values)], node));
}

const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
all();
document.addEventListener("tandem:theme", all);
document.addEventListener("htmx:after:swap", all);
let timer;
addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(all, 150); });
