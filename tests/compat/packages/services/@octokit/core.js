import { Octokit } from "@octokit/core";

export default async () => {
  const asked = [];
  const fetch = async (url, { method, headers, body }) => {
    asked.push([method, url, headers.authorization ?? null, body ?? null]);
    if (url.endsWith("/none")) return Response.json({ message: "Not Found" }, { status: 404 });
    return Response.json(url.endsWith("/graphql") ? { data: { viewer: { login: "ada" } } } : { full_name: "a/b" });
  };
  const octokit = new Octokit({ auth: "token", request: { fetch } });
  octokit.hook.before("request", (options) => { options.headers["x-a"] = "1"; });
  const { data } = await octokit.request("GET /repos/{owner}/{repo}", { owner: "a", repo: "b" });
  const { viewer } = await octokit.graphql("query { viewer { login } }");
  const missing = await octokit.request("GET /none").catch(({ status, name }) => [status, name]);
  return [data, viewer, missing, asked];
};
