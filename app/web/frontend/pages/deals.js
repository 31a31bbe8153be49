// Deals: how long an offer still holds, counted down by the second in its last day; the server decides, this only shows.
for (const place of document.querySelectorAll("[data-until]")) {
  const end = Date.parse(place.dataset.until);
  const show = () => {
    const left = Math.max(0, Math.floor((end - Date.now()) / 1000));
    const days = Math.floor(left / 86400);
    const hours = Math.floor(left / 3600) % 24;
    const clock = [hours, Math.floor(left / 60) % 60, left % 60].map((n) => String(n).padStart(2, "0")).join(":");
    place.textContent = left === 0 ? "over" : days > 0 ? `${days} d ${hours} h` : clock;
    place.classList.toggle("text-danger", left < 86400);
    if (left === 0) clearInterval(timer);
  };
  const timer = setInterval(show, 1000);
  show();
}
