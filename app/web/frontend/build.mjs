// Bundles the browser side: one main bundle, a theme script that runs before paint, and one bundle per page
// in pages/. File names carry a hash; manifest.json maps the plain name to the hashed one (app/web/assets.py).
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const here = "app/web/frontend";
const out = "app/web/static/dist";
const entries = [
  `${here}/main.js`,
  `${here}/theme.js`,
  ...readdirSync(join(here, "pages")).filter((name) => name.endsWith(".js")).map((name) => `${here}/pages/${name}`),
];

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const result = await build({
  entryPoints: entries,
  outdir: out,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  sourcemap: false,
  format: "iife",
  target: ["es2022"],
  metafile: true,
  legalComments: "none",
  loader: { ".woff2": "file", ".svg": "file" },
  logLevel: "warning",
});

const manifest = {};
for (const [file, meta] of Object.entries(result.metafile.outputs)) {
  if (!meta.entryPoint) continue;
  const name = basename(meta.entryPoint, ".js");
  manifest[`${name}.js`] = basename(file);
  if (meta.cssBundle) manifest[`${name}.css`] = basename(meta.cssBundle);
}
// The API documentation page is served locally too.
for (const name of ["swagger-ui-bundle.js", "swagger-ui.css"]) {
  cpSync(`node_modules/swagger-ui-dist/${name}`, join(out, name));
  manifest[name] = name;
}
// One sprite of the icons named in icons.txt.
const icons = readFileSync(join(here, "icons.txt"), "utf8").split("\n").map((line) => line.trim()).filter(Boolean);
const symbols = icons.map((name) => {
  const filled = name.endsWith("-filled") && existsSync(`node_modules/@tabler/icons/icons/filled/${name.slice(0, -7)}.svg`);
  const file = filled ? `filled/${name.slice(0, -7)}` : `outline/${name}`;
  const svg = readFileSync(`node_modules/@tabler/icons/icons/${file}.svg`, "utf8");
  const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  const paint = filled ? 'fill="currentColor"' : 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${body.trim()}</symbol>`;
});
const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
const spriteName = `icons-${createHash("sha256").update(sprite).digest("hex").slice(0, 8)}.svg`;
writeFileSync(join(out, spriteName), sprite);
manifest["icons.svg"] = spriteName;
writeFileSync(join(out, "manifest.json"), JSON.stringify(manifest, null, 1));
