import { P, isMatching, match } from "ts-pattern";

export default () => {
  const area = (shape) => match(shape)
    .with({ kind: "circle", r: P.number.positive() }, ({ r }) => 3 * r * r)
    .with({ kind: "box", sides: [P.select("a"), P.select("b")] }, ({ a, b }) => a * b)
    .with(P.union("none", P.nullish), () => 0)
    .otherwise(() => -1);
  const isPoint = isMatching({ x: P.number, y: P.optional(P.number) });
  return [[{ kind: "circle", r: 2 }, { kind: "box", sides: [3, 4] }, "none", undefined, { kind: "line" }].map(area), isPoint({ x: 1 }), isPoint({ y: 1 })];
};
