// <select data-pick> and <input data-tags> become searchable pickers.
import TomSelect from "tom-select/dist/js/tom-select.base.js";
import "tom-select/dist/css/tom-select.bootstrap5.css";

function enhance() {
  document.querySelectorAll("select[data-pick]:not(.tomselected)").forEach((node) => {
    new TomSelect(node, { maxOptions: 500 });
    // Its label is the picker's now: to those who hear the page, the picker stands for both.
    node.setAttribute("aria-hidden", "true");
  });
  document.querySelectorAll("input[data-tags]:not(.tomselected)").forEach((node) => new TomSelect(node, { create: true, persist: false }));
}
enhance();
document.addEventListener("htmx:after:swap", enhance);
