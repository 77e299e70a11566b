import { Cookie, CookieJar, defaultPath, domainMatch } from "tough-cookie";

export default async () => {
  const jar = new CookieJar();
  const at = new Date("2026-01-01T00:00:00Z");
  await jar.setCookie("a=1; Path=/x; Secure; SameSite=Lax", "https://www.example.com/x/y", { now: at });
  await jar.setCookie("b=2; Domain=example.com; Max-Age=60", "https://www.example.com/", { now: at });
  const refused = await jar.setCookie("c=3; Domain=co.uk", "https://a.co.uk/").catch(({ message }) => message);
  const names = (await jar.getCookies("https://www.example.com/x/z", { now: at })).map(({ key }) => key);
  return [names, refused, Cookie.parse("k=v; HttpOnly; Expires=Thu, 01 Jan 2026 00:00:00 GMT").toString(), defaultPath("/a/b"), domainMatch("a.b.c", "b.c")];
};
