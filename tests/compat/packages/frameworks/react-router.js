import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { Link, Outlet, StaticRouterProvider, createStaticHandler, createStaticRouter, generatePath, matchRoutes, useLoaderData, useParams } from "react-router";

const User = () => h("p", null, `${useParams().id}: ${useLoaderData().name}`, h(Link, { to: "../b" }, "next"));
const routes = [{ path: "/", element: h("main", null, h(Outlet)), children: [{ path: "users/:id", loader: ({ params, request }) => ({ name: `${params.id}?${new URL(request.url).search}` }), Component: User }] }];

export default async () => {
  const { query, dataRoutes } = createStaticHandler(routes);
  const context = await query(new Request("http://x/users/a?q=1"));
  const html = renderToString(h(StaticRouterProvider, { router: createStaticRouter(dataRoutes, context), context, hydrate: false }));
  return [html, context.loaderData, context.statusCode, generatePath("/u/:id?/*", { id: "x", "*": "y" }), matchRoutes(routes, "/none")];
};
