import { bin, bisector, cross, deviation, extent, flatRollup, group, quantile, rollup, ticks } from "d3-array";

export default () => {
  const data = [{ k: "a", v: 3 }, { k: "b", v: 8 }, { k: "a", v: 5 }, { k: "b", v: 1 }];
  return [extent(data, (d) => d.v), [...group(data, (d) => d.k).keys()], [...rollup(data, (all) => all.length, (d) => d.k)], flatRollup(data, (all) => all[0].v, (d) => d.k), quantile([1, 2, 3, 10], 0.9), ticks(0, 1, 5), bin().thresholds(3)([1, 2, 3, 9]).map((b) => [b.x0, b.x1, b.length]), bisector((d) => d.v).left([{ v: 1 }, { v: 4 }], 4), cross([1, 2], ["x"]), deviation([1, 2, 3])];
};
