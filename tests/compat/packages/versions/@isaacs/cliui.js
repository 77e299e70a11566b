import { cliui } from "@isaacs/cliui";

export default () => {
  const ui = cliui({ width: 40 });
  ui.div({ text: "name", width: 10 }, { text: "a long text that is wrapped in the second column", width: 30 });
  ui.div({ text: "\u001b[31m宽\u001b[39m", align: "right", width: 6, padding: [0, 1, 0, 1] }, "x");
  return ui.toString().split("\n");
};
