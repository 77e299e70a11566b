import parse from "url-parse";

export default () => {
  const url = parse("https://user:pw@example.com:8080/a/../b?x=1&y=%C3%BC#h", true);
  const { protocol, host, pathname, query, hash, auth } = url;
  url.set("port", "443").set("query", { z: 2 });
  return [protocol, host, pathname, query, hash, auth, url.href, parse("/rel", "http://a.b/c/d").href, parse.qs.stringify({ a: 1 })];
};
