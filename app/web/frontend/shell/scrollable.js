// What scrolls sideways is reached by keyboard too: a place of its own in the order of tabs, unless it holds one.
const SCROLLS = ".table-responsive, pre.snippet";
const FOCUSABLE = "a[href], button, input, select, textarea, [tabindex]";
function mark(root) {
  for (const node of root.querySelectorAll?.(SCROLLS) ?? []) {
    const wide = node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight;
    if (wide && !node.querySelector(FOCUSABLE)) node.tabIndex = 0;
    else if (node.tabIndex === 0) node.removeAttribute("tabindex");
  }
}
addEventListener("load", () => mark(document));
addEventListener("resize", () => mark(document));
document.addEventListener("htmx:after:swap", () => mark(document));
