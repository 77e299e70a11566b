import * as R from "ramda";

export default () => {
  const top = R.pipe(R.filter(R.propSatisfies(R.gte(R.__, 2), "n")), R.sortWith([R.descend(R.prop("n"))]), R.pluck("id"));
  const zip = R.lensPath(["address", "zip"]);
  return [top([{ id: "a", n: 1 }, { id: "b", n: 2 }, { id: "c", n: 3 }]), R.over(zip, R.inc, { address: { zip: 9 } }), R.transduce(R.map(R.add(1)), R.flip(R.append), [], [1, 2])];
};
