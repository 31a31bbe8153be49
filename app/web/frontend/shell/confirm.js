// Forms and buttons with [data-confirm] ask first; a submitted form cannot be sent twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const words = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (words && !window.confirm(words)) { event.preventDefault(); return; }
  if (form.method === "post" && !form.hasAttribute("hx-post")) {
    setTimeout(() => form.querySelectorAll("button[type=submit]").forEach((b) => { b.disabled = true; }), 0);
    setTimeout(() => form.querySelectorAll("button[type=submit]").forEach((b) => { b.disabled = false; }), 6000);
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
});
