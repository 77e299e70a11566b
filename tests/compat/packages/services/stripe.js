import Stripe from "stripe";

export default async () => {
  const asked = [];
  const fetch = async (url, { method, headers, body }) => {
    asked.push([method, String(url).replace(/^https:\/\/[^/]*/, ""), body ?? null]);
    return Response.json({ id: "cus_1", object: "customer", email: "a@b.de" });
  };
  const stripe = new Stripe("sk_test_x", { httpClient: Stripe.createFetchHttpClient(fetch), telemetry: false, maxNetworkRetries: 0 });
  const customer = await stripe.customers.create({ email: "a@b.de", metadata: { k: "v" } });
  const payload = JSON.stringify({ id: "evt_1", object: "event", type: "ping" });
  const header = await stripe.webhooks.generateTestHeaderStringAsync({ payload, secret: "whsec_x", timestamp: 1_700_000_000 });
  const event = await stripe.webhooks.constructEventAsync(payload, header, "whsec_x", 10, undefined, 1_700_000_001_000);
  const forged = await stripe.webhooks.constructEventAsync(payload, header, "other").catch(({ type }) => type);
  return [customer.email, header, event.type, forged, asked];
};
