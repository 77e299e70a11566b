import Bluebird from "bluebird";

export default async () => {
  const order = [];
  const mapped = await Bluebird.map([3, 1, 2], (n) => Bluebird.delay(n).then(() => { order.push(n); return n * 2; }), { concurrency: 3 });
  const read = Bluebird.promisify((name, done) => done(null, `read ${name}`));
  const caught = await Bluebird.reject(new RangeError("far")).catch(TypeError, () => "type").catch(RangeError, ({ message }) => message);
  const reduced = await Bluebird.reduce([1, 2, 3], (a, b) => a + b, 0);
  return [mapped, await read("x"), caught, reduced, await Bluebird.props({ a: 1, b: Bluebird.resolve(2) }), order.length];
};
