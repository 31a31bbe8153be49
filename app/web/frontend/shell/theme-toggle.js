// [data-theme-toggle] flips light and dark and remembers it.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-toggle]")) return;
  const root = document.documentElement;
  const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
  root.setAttribute("data-bs-theme", next);
  localStorage.setItem("tandem-theme", next);
  document.dispatchEvent(new CustomEvent("tandem:theme", { detail: next }));
});
