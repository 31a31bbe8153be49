// <time datetime> shows UTC; the reader's own zone stands in the tooltip.
function label(root) {
  for (const node of root.querySelectorAll?.("time[datetime]") ?? []) {
    if (!node.title) node.title = new Date(node.dateTime).toLocaleString() + " (your time)";
  }
}
label(document);
document.addEventListener("htmx:after:swap", () => label(document));
