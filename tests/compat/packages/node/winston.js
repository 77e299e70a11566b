import { Writable } from "node:stream";
import winston from "winston";

export default async () => {
  const lines = [];
  const stream = new Writable({ write(chunk, _, done) { lines.push(String(chunk).trim()); done(); } });
  const logger = winston.createLogger({ level: "debug", format: winston.format.combine(winston.format.splat(), winston.format.errors(), winston.format.json()), defaultMeta: { service: "s" }, transports: [new winston.transports.Stream({ stream })] });
  logger.info("hello %s", "ada", { n: 1 });
  logger.child({ request: 7 }).debug("deep");
  logger.silly("not shown");
  logger.end();
  await new Promise((resolve) => logger.on("finish", resolve));
  return lines;
};
