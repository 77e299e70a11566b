// Child processes that are known to be ready, and known to be gone.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/**
 * A child process that has said that it is ready.
 * @typedef {object} Running
 * @property {RegExpExecArray} ready what the line that told so matched
 * @property {string[]} log the lines of standard error so far
 * @property {ChildProcess} child
 * @property {() => Promise<void>} stop ends it as a person would: SIGTERM, and after five seconds SIGKILL
 * @property {() => Promise<void>} kill ends it as a power cut would
 */

const STARTED_WITHIN = 30_000;
const STOPPED_WITHIN = 5_000;

/**
 * Starts a command and waits until a line of its standard error matches `ready`.
 *
 * Rejects, with all that it wrote to standard error, if it ends before that or takes more than 30 seconds.
 * @param {string} command
 * @param {string[]} args
 * @param {{ ready: RegExp, env?: Record<string, string>, cwd?: string }} options
 * @returns {Promise<Running>}
 */
export async function start(command, args, { ready, env = {}, cwd }) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  // The child never outlives this process, even if a test forgets it.
  const orphaned = () => child.kill("SIGKILL");
  process.once("exit", orphaned);
  const ended = new Promise((resolve) => child.once("close", resolve)).then(() => {
    process.removeListener("exit", orphaned);
  });

  /** @param {NodeJS.Signals} signal */
  const end = async (signal) => {
    child.kill(signal);
    const deadline = setTimeout(() => child.kill("SIGKILL"), STOPPED_WITHIN);
    await ended;
    clearTimeout(deadline);
  };

  /** @type {string[]} */
  const log = [];
  const match = await new Promise((resolve, reject) => {
    /** @param {string} why */
    const fail = (why) => reject(new Error(`${command} ${args.join(" ")}: ${why}\n${log.join("\n")}`));
    const deadline = setTimeout(() => {
      fail(`not ready within ${STARTED_WITHIN} ms`);
      void end("SIGKILL");
    }, STARTED_WITHIN);
    child.once("error", (error) => fail(error.message));
    child.once("close", (code, signal) => fail(`ended with ${signal ?? code} before it was ready`));
    ended.then(() => clearTimeout(deadline));
    createInterface({ input: child.stderr }).on("line", (line) => {
      log.push(line);
      const found = ready.exec(line);
      if (found === null) return;
      clearTimeout(deadline);
      resolve(found);
    });
  });
  return { ready: match, log, child, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/**
 * Runs a command to its end and returns what it wrote; a non-zero exit is no error here.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, cwd?: string, input?: string | Uint8Array, timeout?: number }} [options] after `timeout`
 *   milliseconds it is killed
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export async function run(command, args, { env = {}, cwd, input = "", timeout } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: "pipe", timeout, killSignal: "SIGKILL" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  child.stdin.on("error", () => {}); // a child need not read its input
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}
