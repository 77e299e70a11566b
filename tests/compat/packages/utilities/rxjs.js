import { concatMap, delay, from, lastValueFrom, map, merge, of, scan, toArray, zip } from "rxjs";
import { TestScheduler } from "rxjs/testing";

export default async () => {
  const sums = await lastValueFrom(from([1, 2, 3, 4]).pipe(scan((sum, n) => sum + n, 0), toArray()));
  const late = await lastValueFrom(of("a", "b").pipe(concatMap((x) => of(x).pipe(delay(1))), map((x) => x.toUpperCase()), toArray()));
  const pairs = await lastValueFrom(zip(of(1, 2), of("x", "y")).pipe(toArray()));
  let marbles;
  new TestScheduler((actual, expected) => (marbles = [actual.length, expected.length])).run(({ cold, expectObservable }) => expectObservable(merge(cold("a-b|"), cold("-c|"))).toBe("acb|"));
  return { sums, late, pairs, marbles };
};
