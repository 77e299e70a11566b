import { debounce, groupBy, intersectionWith, isEqual, kebabCase } from "lodash-es";

export default () => {
  const shared = intersectionWith([{ x: 1 }, { x: 2 }], [{ x: 2 }], isEqual);
  const calls = [];
  const late = debounce((value) => calls.push(value), 1000);
  late(1);
  late(2);
  late.flush();
  return { shared, calls, kebab: kebabCase("fooBarBaz"), even: groupBy([1, 2, 3], (n) => (n % 2 ? "odd" : "even")) };
};
