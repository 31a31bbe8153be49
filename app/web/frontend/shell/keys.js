// Keyboard: "/" goes to the search box, j and k move through rows marked [data-row], x ticks, Enter opens, "?" shows the list.
const typing = (node) => node && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName));

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("row-active"));
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
  rows.forEach((row) => row.classList.remove("row-active"));
  next.classList.add("row-active");
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (typing(event.target)) return;
  const active = document.querySelector("[data-row].row-active");
  switch (event.key) {
    case "/": {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select?.(); }
      break;
    }
    case "j": move(1); break;
    case "k": move(-1); break;
    case "x": active?.querySelector("input[type=checkbox]")?.click(); break;
    case "Enter": active?.querySelector("[data-open], a")?.click(); break;
    case "c": document.querySelector("[data-compare]")?.click(); break;
    case "?": document.querySelector("[data-keys-help]")?.classList.toggle("d-none"); break;
    default: return;
  }
});
