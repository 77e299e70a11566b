import chalk4 from "chalk4";

export default () => {
  const chalk = new chalk4.Instance({ level: 3 });
  return [chalk.red.bold("a"), chalk.hex("#ff8800")`b ${chalk.underline("c")}`, chalk.bgAnsi256(7)("d"), chalk`{green e {blue f}}`, chalk4.supportsColor === undefined].map(String);
};
