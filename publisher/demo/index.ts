/** The package of `cidery demo`: small, and without dependencies, so that it needs no npm registry. */
export default {
  fetch(request: Request): Response {
    const name = new URL(request.url).searchParams.get("name") ?? "world";
    return Response.json({ greeting: `Hello, ${name}!` });
  },
};
