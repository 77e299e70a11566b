import yargs from "yargs";

export default async () => {
  const seen = [];
  const cli = yargs().scriptName("app").exitProcess(false).version("1.2.3").locale("en").wrap(80)
    .command("add <name> [tags..]", "adds one", (y) => y.option("count", { alias: "c", type: "number", default: 1 }).positional("name", { type: "string" }), (args) => { seen.push(args); })
    .strict();
  await cli.parseAsync(["add", "x", "t1", "t2", "-c", "5"]);
  const failed = await new Promise((resolve) => cli.parse(["add", "x", "--nope"], (error) => resolve(error.message)));
  return [seen, failed, (await cli.getHelp()).split("\n").map((line) => line.trim())];
};
