// Test calls: the ladder, the gauge; chips that fill a field.
import "./calls.css";

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-fill]");
  if (!chip) return;
  const field = document.querySelector(chip.dataset.fill);
  field.value = chip.dataset.value;
  field.focus();
});
