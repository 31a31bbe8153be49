// The content policy forbids style attributes, so bars carry their share in data-width (percent) and get it here.
function apply(root) {
  for (const node of root.querySelectorAll?.("[data-width]") ?? []) node.style.width = `${node.dataset.width}%`;
  for (const node of root.querySelectorAll?.("[data-left]") ?? []) node.style.left = `${node.dataset.left}%`;
}
apply(document);
document.addEventListener("htmx:after:swap", () => apply(document));
