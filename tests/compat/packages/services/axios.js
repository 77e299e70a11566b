import axios, { AxiosError } from "axios";

export default async () => {
  const client = axios.create({ baseURL: "https://api.example/v1/", params: { key: "k" }, adapter: async (config) => {
    const url = axios.getUri(config);
    const status = url.includes("missing") ? 404 : 200;
    const response = { status, statusText: "", headers: { "content-type": "application/json" }, config, data: JSON.stringify({ url, method: config.method, sent: config.data ?? null, type: config.headers.getContentType() ?? null }) };
    if (status === 404) throw new AxiosError("not there", "ERR_BAD_REQUEST", config, null, response);
    return response;
  } });
  client.interceptors.request.use((config) => { config.headers.set("x-a", "1"); return config; });
  const { data } = await client.post("items", { n: 1 }, { params: { list: [1, 2] } });
  const error = await client.get("missing").catch(({ code, response }) => [code, response.status]);
  return [data, error, axios.isCancel(await client.get("x", { signal: AbortSignal.abort() }).catch((cause) => cause))];
};
