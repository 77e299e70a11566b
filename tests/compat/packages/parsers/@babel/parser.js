import { parse, parseExpression } from "@babel/parser";

export default () => {
  const { program, comments } = parse("/** doc */ enum Color { Red = 1 }\nconst view = <p class={x}>hi</p>;", { sourceType: "module", plugins: ["typescript", "jsx"] });
  return [program.body.map(({ type, loc }) => [type, loc.start.line]), comments[0].value, parseExpression("a |> b(%)", { plugins: [["pipelineOperator", { proposal: "hack", topicToken: "%" }]] }).operator];
};
