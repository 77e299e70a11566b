// The examples of the bindings' pages, run as they are written, by the package as people get it.

import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { moduleOf } from "../support/objects.js";
import { run } from "../support/process.js";
import { root, startWorker } from "../support/worker.js";
import { StaticRegistry, policyOf } from "../loader/static_registry.js";
import { inChromium } from "./chromium.js";
import { installed } from "./installed.js";
import { bun, deno } from "./runtimes.js";

const README = `${root}/bindings/js/README.md`;
const PAGE = `${root}/docs/bindings.md`;
/** The registry's address, as the pages have it. */
const ADDRESS = "http://127.0.0.1:8321";

/** @type {Awaited<ReturnType<typeof installed>>} */
let folder;
/** @type {StaticRegistry} */
let registry;

before(async () => {
  registry = await StaticRegistry.start([moduleOf("index.js", "export default {};\n")]);
  registry.time = Math.floor(Date.now() / 1000);
  folder = await installed();
  await writeFile(`${folder.path}/cidery.policy.json`, JSON.stringify(policyOf()));
  await mkdir(`${folder.path}/bin`);
  for (const [name, program] of Object.entries({ node: process.execPath, deno: deno(), bun: bun() })) {
    await symlink(program, `${folder.path}/bin/${name}`);
  }
  for (const page of [README, PAGE]) {
    for (const { info, text } of await blocks(page)) {
      const [, file] = /\bfile=(\S+)/.exec(info) ?? [];
      if (file !== undefined) await writeFile(`${folder.path}/${file}`, text.replaceAll(ADDRESS, registry.url));
    }
  }
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

for (const page of [README, PAGE]) {
  test(`the commands of ${page.slice(root.length + 1)} print what it says`, async () => {
    const consoles = (await blocks(page)).filter(({ info }) => info === "console");
    assert.notEqual(consoles.length, 0);
    for (const { text } of consoles) assert.equal(await rerun(text), text);
  });
}

test("the example for Workers answers", async () => {
  await using worker = await startWorker(`${folder.path}/wrangler.jsonc`);
  assert.equal(await (await fetch(worker.url)).text(), "@acme/hello 1.0.0", worker.log.join("\n"));
});

test("the example for browsers shows the release", async () => {
  // On the page's own origin, as it asks for.
  const release = (await readFile(`${folder.path}/release.js`, "utf8")).replaceAll(registry.url, "");
  const page = await readFile(`${folder.path}/index.html`, "utf8");
  const watch = `<script>
const shown = document.querySelector("p");
new MutationObserver(() => fetch("/answers", { method: "POST", body: shown.textContent })).observe(shown, { childList: true });
</script>`;
  const bodies = { "/": page + watch, "/release.js": release };
  assert.equal(await inChromium(folder.path, bodies, registry.url), "@acme/hello 1.0.0");
});

/** The blocks of code of a page. @param {string} page */
async function blocks(page) {
  const found = (await readFile(page, "utf8")).matchAll(/^```(.*)\n([^]*?)^```$/gm);
  return [...found].map(([, info, text]) => ({ info, text }));
}

/** A console's text, with what its commands print now. @param {string} text */
async function rerun(text) {
  const env = { PATH: `${folder.path}/bin:${process.env.PATH}`, DENO_DIR: `${folder.path}/.deno`, NO_COLOR: "1" };
  let printed = "";
  for (const [, command] of text.matchAll(/^\$ (.*)$/gm)) {
    const { stdout, stderr } = await run("sh", ["-c", `${command} 2>&1`], { cwd: folder.path, env });
    printed += `$ ${command}\n${stdout}${stderr}`;
  }
  return printed;
}
