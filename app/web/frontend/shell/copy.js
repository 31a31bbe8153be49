// [data-copy="#selector"] or [data-copy-text="…"] copies text and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy],[data-copy-text]");
  if (!button) return;
  event.preventDefault();
  const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
  const text = source ? (source.value ?? source.textContent) : button.dataset.copyText;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text.trim());
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy by hand";
  }
  setTimeout(() => { button.textContent = label; }, 1600);
});
