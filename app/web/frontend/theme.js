// Runs in <head> before the first paint: stored choice, else what the system prefers.
const stored = localStorage.getItem("tandem-theme");
const dark = stored ? stored === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
