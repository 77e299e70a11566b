import debug from "debug";

export default () => {
  const lines = [];
  debug.enable("app:*,-app:noisy");
  const [log, noisy] = [debug("app:db"), debug("app:noisy")];
  for (const each of [log, noisy]) {
    each.useColors = false;
    each.log = (...args) => lines.push(args.length);
  }
  log("hello %s %d %j", "ada", 5, { a: 1 });
  noisy("hidden");
  return [lines, log.enabled, noisy.enabled, debug.disable(), log.extend("pool").namespace];
};
