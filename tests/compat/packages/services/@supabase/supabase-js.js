import { createClient } from "@supabase/supabase-js";

export default async () => {
  const asked = [];
  const fetch = async (url, { method, headers, body }) => {
    asked.push([method, String(url).replace("https://x.example", ""), new Headers(headers).get("prefer"), body ?? null]);
    return method === "POST" ? Response.json([{ id: 2 }], { status: 201 }) : String(url).includes("none") ? Response.json({ message: "no table", code: "42P01" }, { status: 404 }) : Response.json([{ id: 1, name: "ada" }]);
  };
  const client = createClient("https://x.example", "anon", { global: { fetch }, auth: { persistSession: false, autoRefreshToken: false } });
  const users = await client.from("users").select("id, name").eq("name", "ada").order("id", { ascending: false }).limit(1);
  const made = await client.from("users").insert({ name: "bob" }).select();
  const failed = await client.from("none").select();
  return [users.data, made.data, made.status, failed.error.message, client.storage.from("b").getPublicUrl("f/x.png").data.publicUrl, asked];
};
