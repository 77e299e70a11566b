import { Writable } from "node:stream";
import pino from "pino";

export default () => {
  const lines = [];
  const stream = new Writable({ write(chunk, _, done) { lines.push(JSON.parse(chunk)); done(); } });
  const logger = pino({ base: null, timestamp: false, level: "debug", redact: ["user.password"], serializers: { error: ({ message }) => message }, formatters: { level: (label) => ({ level: label }) } }, stream);
  logger.info({ user: { name: "ada", password: "x" } }, "hi %s %d", "you", 3);
  logger.child({ request: 1 }, { level: "warn" }).info("hidden");
  logger.error({ error: new Error("bad") });
  return lines;
};
