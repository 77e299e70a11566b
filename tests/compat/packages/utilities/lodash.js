import _ from "lodash";

export default () => {
  const orders = [{ of: "ada", sum: 3 }, { of: "bob", sum: 5 }, { of: "ada", sum: 4 }];
  const totals = _.mapValues(_.groupBy(orders, "of"), (all) => _.sumBy(all, "sum"));
  return { totals, chunks: _.chunk(_.range(7), 3), name: _.startCase("content-addressed registry"), deep: _.merge({ a: { b: 1 } }, { a: { c: [2] } }) };
};
