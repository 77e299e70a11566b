import ky, { HTTPError } from "ky";

export default async () => {
  let tries = 0;
  const fetch = async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/flaky" && ++tries < 3) return new Response("", { status: 503 });
    if (pathname === "/bad") return new Response("no", { status: 400 });
    return Response.json({ pathname, q: searchParams.get("q"), header: request.headers.get("x-a"), body: request.method === "POST" ? await request.json() : null });
  };
  const api = ky.create({ fetch, headers: { "x-a": "1" }, retry: { limit: 3, delay: () => 1 } });
  const bad = await api("https://x.example/bad").catch((error) => [error instanceof HTTPError, error.response.status]);
  return [await api("https://x.example/flaky", { searchParams: { q: "ü" } }).json(), tries, await api.post("https://x.example/p", { json: { n: 1 } }).json(), bad];
};
