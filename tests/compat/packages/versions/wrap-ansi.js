import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

export default () => {
  const lines = wrapAnsi("The \u001b[32mquick brown\u001b[39m 狐狸 jumped over", 10, { hard: true }).split("\n");
  return lines.map((line) => [line, stringWidth(line)]);
};
