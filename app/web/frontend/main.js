import "@fontsource-variable/inter";
import "@tabler/core/dist/css/tabler.min.css";
import "./tandem.css";
import "@tabler/core/dist/js/tabler.min.js";
import htmx from "htmx.org";
import "./shell/theme-toggle.js";
import "./shell/copy.js";
import "./shell/keys.js";
import "./shell/local-time.js";
import "./shell/confirm.js";
import "./shell/rows.js";
import "./shell/scrollable.js";
import "./shell/widths.js";

window.htmx = htmx;
