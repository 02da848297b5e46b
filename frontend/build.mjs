// Builds everything that the browser loads: scripts, styles and the icon sprite.
//
//   node build.mjs            once, minified; fails when desk.js is over its size limit
//   node build.mjs --watch    again after every change
//
// Output: ../hotline/web/static/build/, with manifest.json = {file name: content hash} for cache-busting addresses.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..");
const out = join(root, "hotline", "web", "static", "build");
const DESK_LIMIT_BYTES = 300 * 1024; // "Measured": at most 300 KB gzip for the desk.
const watching = process.argv.includes("--watch");

const options = {
  entryPoints: {
    desk: join(here, "src", "desk.ts"),
    login: join(here, "src", "login.ts"),
    wall: join(here, "src", "wall.ts"),
  },
  bundle: true,
  minify: true,
  sourcemap: "linked",
  target: ["es2022", "chrome110", "firefox115"],
  format: "iife",
  charset: "utf8",
  legalComments: "linked",
  outdir: out,
  logLevel: "warning",
};

const styleOptions = {
  ...options,
  entryPoints: {
    desk: join(here, "src", "styles", "desk.css"),
    login: join(here, "src", "styles", "login.css"),
    wall: join(here, "src", "styles", "wall.css"),
  },
  loader: { ".woff2": "file" },
  assetNames: "[name]-[hash]",
};

/** Every file below `folder` whose name ends with one of `endings`. */
function* filesBelow(folder, endings) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
      yield join(entry.parentPath ?? entry.path, entry.name);
    }
  }
}

/** Icon names that templates and scripts mention as `icon("name")` or `#icon-name`, plus those in icons.json. */
function usedIcons() {
  const names = new Set(JSON.parse(readFileSync(join(here, "icons.json"), "utf8")));
  const mention = /\bicon\(\s*["']([a-z0-9-]+)["']|#icon-([a-z0-9]+(?:-[a-z0-9]+)*)/g;
  const sources = [
    ...filesBelow(join(root, "hotline", "web", "templates"), [".html"]),
    ...filesBelow(join(here, "src"), [".ts"]),
  ];
  for (const file of sources) {
    for (const [, called, linked] of readFileSync(file, "utf8").matchAll(mention))
      names.add(called ?? linked);
  }
  return [...names].sort();
}

/** One SVG sprite; `<use href="icons.svg#icon-phone">`. A name ending in `-filled` takes Tabler's filled drawing. */
function sprite(names) {
  const symbols = names.map((name) => {
    const filled = name.endsWith("-filled");
    const folder = filled ? "filled" : "outline";
    const file = join(
      here,
      "node_modules",
      "@tabler",
      "icons",
      "icons",
      folder,
      `${name.replace(/-filled$/, "")}.svg`,
    );
    if (!existsSync(file))
      throw new Error(`there is no Tabler icon "${name}" (see icons.json and the templates)`);
    const body = readFileSync(file, "utf8")
      .replace(/<!--[\s\S]*?-->/g, "")
      .replace(/^[\s\S]*?<svg[^>]*>/, "")
      .replace(/<\/svg>\s*$/, "")
      .replace(/\s*\n\s*/g, "");
    const paint = filled
      ? 'fill="currentColor"'
      : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
    return `<symbol id="icon-${name}" viewBox="0 0 24 24" ${paint}>${body}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

function writeManifest() {
  const manifest = {};
  for (const name of readdirSync(out).sort()) {
    if (!/\.(js|css|svg)$/.test(name)) continue;
    manifest[name] = createHash("sha256")
      .update(readFileSync(join(out, name)))
      .digest("hex")
      .slice(0, 12);
  }
  writeFileSync(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function reportSizes() {
  for (const name of ["desk.js", "login.js", "desk.css", "login.css", "icons.svg"]) {
    const bytes = gzipSync(readFileSync(join(out, name)), { level: 9 }).length;
    console.log(`${name.padEnd(10)} ${(bytes / 1024).toFixed(1).padStart(7)} KB gzip`);
    if (name === "desk.js" && bytes > DESK_LIMIT_BYTES) {
      throw new Error(`desk.js is ${bytes} bytes gzipped; the limit is ${DESK_LIMIT_BYTES}`);
    }
  }
}

async function build() {
  const started = performance.now();
  mkdirSync(out, { recursive: true });
  await Promise.all([esbuild.build(options), esbuild.build(styleOptions)]);
  writeFileSync(join(out, "icons.svg"), sprite(usedIcons()));
  writeManifest();
  reportSizes();
  console.log(`built in ${Math.round(performance.now() - started)} ms`);
}

if (!watching) {
  rmSync(out, { recursive: true, force: true });
  await build();
} else {
  const again = async () => {
    try {
      await build();
    } catch (error) {
      console.error(String(error));
    }
  };
  await again();
  let timer;
  for (const folder of [join(here, "src"), join(root, "hotline", "web", "templates")]) {
    if (!existsSync(folder)) continue;
    watch(folder, { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(again, 100);
    });
  }
}
