import _ from "underscore";

export default () => {
  const words = _.chain(["a", "bb", "cc", "ddd"]).groupBy("length").mapObject((group) => group.join("+")).value();
  return { words, zipped: _.zip([1, 2], ["x", "y"]), unique: _.uniq([3, 1, 3]), memo: _.memoize((n) => n * n)(9), template: _.escape("<a & b>") };
};
