import { Argument, Command, Option } from "commander";

export default async () => {
  const seen = [];
  const program = new Command("app").exitOverride().configureOutput({ writeErr: (text) => seen.push(text.trim()) }).version("1.2.3").option("-v, --verbose", "more", (_, n) => n + 1, 0);
  program.command("add").addArgument(new Argument("<kind>").choices(["a", "b"])).addOption(new Option("-n <n>").argParser(Number).default(1)).action((kind, { n }, command) => seen.push([kind, n, command.optsWithGlobals().verbose]));
  await program.parseAsync(["-vv", "add", "b", "-n", "7"], { from: "user" });
  const error = await program.parseAsync(["add", "c"], { from: "user" }).catch(({ code, exitCode }) => [code, exitCode]);
  return [seen, error, program.helpInformation()];
};
