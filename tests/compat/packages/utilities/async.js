import async from "async";

export default async () => {
  const doubled = await async.mapLimit([1, 2, 3, 4], 2, async (n) => n * 2);
  const auto = await async.auto({ a: async () => 1, b: ["a", async ({ a }) => a + 1], c: ["a", "b", async ({ a, b }) => a + b] });
  const waterfall = await new Promise((resolve, reject) => async.waterfall([(next) => next(null, 2), (n, next) => next(null, n ** 5)], (error, value) => (error ? reject(error) : resolve(value))));
  return { doubled, auto, waterfall, groups: await async.groupBy(["x", "yy", "zz"], async (word) => word.length) };
};
