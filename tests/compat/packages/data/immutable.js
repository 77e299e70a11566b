import { List, Map, OrderedMap, Range, Record, Seq, Set, fromJS, is } from "immutable";

export default () => {
  const Point = Record({ x: 0, y: 0 });
  const deep = fromJS({ a: { list: [1, 2] } }).updateIn(["a", "list"], (list) => list.push(3));
  return [deep, is(Map({ k: Set([1]) }), Map({ k: Set([1]) })), Range(1, Infinity).filter((n) => n % 3 === 0).take(3), OrderedMap([["z", 1], ["a", 2]]).sortBy((n) => -n), new Point({ x: 5 }).set("y", 2), Seq([3, 1]).sort().toList(), List.of(1, 2).zip(List(["a", "b"])), deep.hashCode()];
};
