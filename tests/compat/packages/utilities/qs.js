import qs from "qs";

export default () => [
  qs.parse("a[b][c]=1&list[]=x&list[]=y&n%5B0%5D=%C3%A4&deep[1]=z"),
  qs.stringify({ a: { b: [1, 2] }, c: null, d: "ü &" }, { arrayFormat: "brackets", strictNullHandling: true }),
  qs.parse("?x=1;y=2", { delimiter: ";", ignoreQueryPrefix: true }),
];
