// The script of a page from the npm package, and beside it what it was made of: the same bytes each time.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const OF = ["package.json", "package-lock.json", "entry.js", "build.mjs"];
const SCRIPT = "../resnet_bench/report/templates/plotly.min.js";
const { version } = JSON.parse(readFileSync("node_modules/plotly.js/package.json"));
const found = await build({
  entryPoints: ["entry.js"],
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: "iife",
  target: "es2020",
  charset: "utf8",
  legalComments: "none",
  loader: { ".css": "empty" }, // of maps, which no page draws
  define: { global: "window", "process.env.NODE_ENV": '"production"' },
  banner: { js: `/**\n * plotly.js v${version}: its core, bar, box and treemap\n * Copyright 2012-2026, Plotly, Inc.\n * Licensed under the MIT license; the licence and those of its parts: plotly_bundle/LICENSES.txt\n */` },
});
const script = found.outputFiles[0].contents;
const parts = [...new Set(Object.keys(found.metafile.inputs).map((path) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[0]).filter(Boolean))].sort();
const licences = parts.map((folder) => {
  const { name, license, version: of } = JSON.parse(readFileSync(`${folder}/package.json`));
  const file = existsSync(folder) && readdirSync(folder).sort().find((it) => /^(licen[cs]e|copying)/i.test(it));
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").trim() : "";
  return `${name} ${of}: ${typeof license === "string" ? license : license?.type ?? "see its page"}\n\n${text}\n`;
});
writeFileSync("LICENSES.txt", licences.join(`\n${"-".repeat(80)}\n\n`));
const sha256 = (content) => createHash("sha256").update(content).digest("hex");
writeFileSync(SCRIPT, script);
writeFileSync("made.json", JSON.stringify({ script: sha256(script), of: OF, recipe: sha256(Buffer.concat(OF.map((name) => readFileSync(name)))) }, null, 2) + "\n");
