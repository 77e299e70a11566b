import { all, chain, create, derivative, evaluate, simplify } from "mathjs";

export default () => {
  const math = create(all, { number: "BigNumber", precision: 32 });
  return [evaluate("det([[1, 2], [3, 4]]) * 2 inch to cm").toString(), derivative("x^2 * sin(x)", "x").toString(), simplify("2x + 3x - x").toString(), math.evaluate("1/3 + sqrt(2)").toString(), evaluate("f(x) = x^2 + 1; map([1, 2], f)").toString(), chain([3, 1, 2]).sort().done(), math.parse("a + b / c").toTex(), evaluate("(2 + 3i) * conj(1 - i)").toString()];
};
