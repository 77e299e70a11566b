// What it takes to bundle, to resolve and fetch, and to publish again what is published: the release build of `cidery` against the tools
// that are used today, each as a whole process. One JSON object a line.
//
// All sides are run in turn, A B C A B C …; figures are medians, and the ratio is ours to theirs.

import { cp, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { cideryPath } from "../../tests/support/command.js";
import { run } from "../../tests/support/process.js";
import { startServer } from "../../tests/support/registry.js";
import { scratch } from "../../tests/support/scratch.js";

const INPUTS = ["typescript", "libraries", "commonjs", "react", "chunks"];
const BUNDLE_ROUNDS = 15;
const PUBLISH_ROUNDS = 15;
const FETCH_ROUNDS = 5;
/** What is resolved without a lock file: packages with many dependencies that people begin projects with. */
const FETCHED = { express: "4.22.1", vite: "7.3.1" };

const MODULES = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const cpu = arch() === "arm64" ? "arm64" : "x64";
const ESBUILD = join(MODULES, "esbuild/bin/esbuild");
const PNPM = join(MODULES, `@pnpm/exe.linux-${cpu}/pnpm`);
const BUN = join(MODULES, `@oven/bun-linux-${cpu === "arm64" ? "aarch64" : "x64"}/bin/bun`);
const QUIET = ["--ignore-scripts"];

await using temporary = await scratch();
const registry = (await must("npm", ["config", "get", "registry"])).stdout.trim();

/** Bundles each input from packages that are at hand: ours from its cache, esbuild from `node_modules`. */
async function bundling() {
  /** @type {Record<string, number>} */
  const sum = { ours: 0, theirs: 0, oursBytes: 0, theirsBytes: 0 };
  for (const input of INPUTS) {
    const folder = join(temporary.path, input);
    await cp(fileURLToPath(new URL(`inputs/${input}`, import.meta.url)), folder, { recursive: true });
    await must("npm", ["install", ...QUIET], { cwd: folder, env: npmIn("bundling") });
    const entry = (await readdir(folder)).find((name) => name.startsWith("index.")) ?? "";
    const [ours, theirs] = [join(folder, "out-cidery"), join(folder, "out-esbuild")];
    const sides = [
      side(ours, () => cidery(["bundle", folder, "--out", ours], "bundling")),
      side(theirs, () => must(ESBUILD, [
        entry, "--bundle", "--minify", "--splitting", "--format=esm", "--target=es2024", "--jsx=automatic", "--sourcemap=external",
        "--platform=browser", "--conditions=workerd,worker,browser", "--define:process.env.NODE_ENV=\"production\"", "--external:node:*",
        `--outdir=${theirs}`, "--log-level=error",
      ], { cwd: folder })),
    ];
    const [a, b] = await medians(sides, BUNDLE_ROUNDS);
    const [aBytes, bBytes] = [await bytesOf(ours), await bytesOf(theirs)];
    print(`bundle_${input}_vs_esbuild`, a, b, "ms", BUNDLE_ROUNDS);
    print(`bundle_${input}_bytes_vs_esbuild`, aBytes / 1024, bBytes / 1024, "KiB", 1);
    sum.ours += a;
    sum.theirs += b;
    sum.oursBytes += aBytes;
    sum.theirsBytes += bBytes;
  }
  print("bundle_all_vs_esbuild", sum.ours, sum.theirs, "ms", BUNDLE_ROUNDS);
  print("bundle_all_bytes_vs_esbuild", sum.oursBytes / 1024, sum.theirsBytes / 1024, "KiB", 1);
}

/** Resolves and fetches without a lock file: into the cache here, into cache and `node_modules` there. */
async function fetching() {
  for (const [name, version] of Object.entries(FETCHED)) {
    for (const state of ["cold", "warm"]) {
      /** @param {string} tool @param {(folder: string, home: string) => Promise<unknown>} install */
      const with_ = (tool, install) => async () => {
        const folder = join(temporary.path, `${tool}-project`);
        const home = join(temporary.path, `${tool}-${name}`);
        await rm(folder, { recursive: true, force: true });
        if (state === "cold") await rm(home, { recursive: true, force: true });
        await mkdir(home, { recursive: true });
        await project(folder, name, version);
        const start = performance.now();
        await install(folder, home);
        return performance.now() - start;
      };
      const sides = [
        with_("cidery", (folder, home) => cidery(["bundle", folder, "--out", join(folder, "out")], home)),
        with_("npm", (cwd, home) => must("npm", ["install", ...QUIET], { cwd, env: npmIn(home) })),
        with_("pnpm", (cwd, home) => must(PNPM, ["install", ...QUIET, "--store-dir", join(home, "store")], { cwd, env: npmIn(home) })),
        with_("bun", (cwd, home) => must(BUN, ["install", ...QUIET], { cwd, env: npmIn(home) })),
      ];
      if (state === "warm") for (const side of sides) await side();
      const [ours, ...theirs] = await medians(sides, FETCH_ROUNDS);
      for (const [at, tool] of ["npm", "pnpm", "bun"].entries()) {
        print(`fetch_${name}_${state}_vs_${tool}`, ours, theirs[at], "ms", FETCH_ROUNDS);
      }
    }
  }
}

/** Publishes what is published already, to a registry on loopback, against `npm pack` of the same folder, which sends nothing. */
async function publishing() {
  await using server = await startServer();
  const folder = join(temporary.path, "libraries");
  const publish = ["publish", folder, "--registry", server.url];
  await cidery(["keys", "new"], "bundling");
  await cidery(publish, "bundling");
  const [ours, theirs] = await medians(
    [
      timed(() => cidery(publish, "bundling")),
      timed(() => must("npm", ["pack", "--dry-run", ...QUIET], { cwd: folder, env: npmIn("bundling") })),
    ],
    PUBLISH_ROUNDS,
  );
  print("publish_unchanged_vs_npm_pack", ours, theirs, "ms", PUBLISH_ROUNDS);
}

/** A package that depends on one other and imports nothing. @param {string} folder @param {string} name @param {string} version */
async function project(folder, name, version) {
  await mkdir(folder);
  await writeFile(join(folder, "index.js"), "export default {};\n");
  await writeFile(join(folder, "cidery.toml"), 'name = "@bench/fetch"\nversion = "1.0.0"\nentry = "index.js"\n[compatibility]\ndate = "2026-10-01"\n');
  const json = { name: "fetch", private: true, type: "module", dependencies: { [name]: version } };
  await writeFile(join(folder, "package.json"), JSON.stringify(json));
}

/** One side, which writes into a folder that is new each time. @param {string} out @param {() => Promise<unknown>} work */
const side = (out, work) => async () => {
  await rm(out, { recursive: true, force: true });
  return timed(work)();
};

/** @param {() => Promise<unknown>} work */
const timed = (work) => async () => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

/** The median of each side, all run in turn. @param {(() => Promise<number>)[]} sides @param {number} rounds */
async function medians(sides, rounds) {
  const figures = sides.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (const [at, run] of sides.entries()) figures[at].push(await run());
  }
  return figures.map((all) => all.sort((a, b) => a - b)[rounds >> 1]);
}

/** Bytes of the JavaScript in a folder. @param {string} folder @returns {Promise<number>} */
async function bytesOf(folder) {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    if (name.endsWith(".js")) bytes += (await stat(join(folder, name))).size;
  }
  return bytes;
}

/** Runs `cidery` with a folder of its own for what it keeps. @param {string[]} args @param {string} home */
const cidery = (args, home) => {
  const keeps = join(temporary.path, home.replace(temporary.path, ""), "cidery");
  return must(cideryPath(), ["--quiet", ...args], { env: { npm_config_registry: registry, CIDERY_CACHE: keeps, CIDERY_CONFIG: keeps } });
};

/** The environment of npm, pnpm and bun with caches in a folder. @param {string} home */
const npmIn = (home) => {
  const keeps = join(temporary.path, home.replace(temporary.path, ""));
  return {
    npm_config_registry: registry,
    npm_config_cache: join(keeps, "npm"),
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    XDG_CACHE_HOME: join(keeps, "cache"),
    XDG_DATA_HOME: join(keeps, "data"),
    XDG_STATE_HOME: join(keeps, "state"),
    BUN_INSTALL_CACHE_DIR: join(keeps, "bun"),
    CI: "",
  };
};

/** Runs a command that must end well. @param {string} command @param {string[]} args @param {Parameters<typeof run>[2]} [options] */
async function must(command, args, options) {
  const output = await run(command, args, options);
  if (output.code === 0) return output;
  throw new Error(`${command} ${args.join(" ")} ended with ${output.code}\n${output.stdout}${output.stderr}`);
}

/** @param {string} name @param {number} ours @param {number} theirs @param {string} unit @param {number} n */
function print(name, ours, theirs, unit, n) {
  console.log(JSON.stringify({ name, ratio: ours / theirs, ours, theirs, unit, n }));
}

await bundling();
await fetching();
await publishing();
