// <select data-pick> and <input data-tags> become searchable pickers.
import TomSelect from "tom-select/dist/js/tom-select.base.js";
import "tom-select/dist/css/tom-select.bootstrap5.css";

function enhance() {
  document.querySelectorAll("select[data-pick]:not(.tomselected)").forEach((node) => new TomSelect(node, { maxOptions: 500 }));
  document.querySelectorAll("input[data-tags]:not(.tomselected)").forEach((node) => new TomSelect(node, { create: true, persist: false }));
}
enhance();
document.addEventListener("htmx:after:swap", enhance);
