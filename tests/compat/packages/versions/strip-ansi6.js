import stripAnsi from "strip-ansi";
import strip6 from "strip-ansi6";

export default () => {
  const text = "\u001b[31mred\u001b[39m \u001b]8;;https://a.example\u0007link\u001b]8;;\u0007";
  return [stripAnsi(text), strip6(text), stripAnsi === strip6];
};
