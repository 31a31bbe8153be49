// A row with [data-href] opens on click, but its links, buttons and ticks keep working.
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-href]");
  if (!row || event.target.closest("a,button,input,label,select")) return;
  window.location.assign(row.dataset.href);
});
