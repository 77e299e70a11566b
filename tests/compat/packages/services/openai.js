import OpenAI from "openai";

export default async () => {
  const asked = [];
  const fetch = async (url, { method, headers, body }) => {
    const request = body ? JSON.parse(body) : null;
    asked.push([method, new URL(url).pathname, new Headers(headers).get("authorization"), request?.model]);
    if (request?.stream) return new Response('data: {"choices":[{"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"delta":{"content":"lo"}}]}\n\ndata: [DONE]\n\n', { headers: { "content-type": "text/event-stream" } });
    return method === "GET" ? Response.json({ error: { message: "nope" } }, { status: 404 }) : Response.json({ choices: [{ message: { role: "assistant", content: "hi" } }] });
  };
  const client = new OpenAI({ apiKey: "k", fetch, maxRetries: 0 });
  const messages = [{ role: "user", content: "hello" }];
  const { choices } = await client.chat.completions.create({ model: "m", messages });
  let streamed = "";
  for await (const { choices: [{ delta }] } of await client.chat.completions.create({ model: "m", messages, stream: true })) streamed += delta.content;
  const missing = await client.models.retrieve("x").catch(({ status, name, constructor }) => [status, constructor === OpenAI.NotFoundError]);
  return [choices[0].message.content, streamed, missing, asked];
};
